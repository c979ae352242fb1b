import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { type Asked, type Place, useAnswerRequestMutation } from "./api";
import { FormDialog } from "./FormDialog";
import { LeftDialog } from "./LeftDialog";
import { Mentions } from "./Mentions";
import { WhatGoes } from "./WhatGoes";
import { WordsBox } from "./WordsBox";
import { daysOf } from "./what";

interface Props {
  request: Asked;
  accept: boolean;
  onDone: () => void;
  onClose: () => void;
}

/** Accepts a request, which does what it asks for, or declines it: with a reason. An erasure asks for the person's name. */
export function AnswerDialog({ request, accept, onDone, onClose }: Props) {
  const { id, kind, name, person } = request;
  const { t } = useTranslation("rights");
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [empty, setEmpty] = useState(false);
  const [left, setLeft] = useState<Place[]>([]);
  const [send, { isLoading, error }] = useAnswerRequestMutation();
  const box = useId();
  const erases = accept && kind === "erase";
  const days = daysOf(request);
  const named = !erases || typed.trim() === name.trim();
  async function go() {
    const { data } = await send({
      id,
      accept,
      reason,
      ...(erases && { name: typed }),
      ...(erases && !days && { empty }),
    });
    if (!data) {
      return;
    }
    onDone();
    setLeft(data.left ?? []);
    if (!data.left?.length) {
      onClose();
    }
  }
  return left.length > 0 ? (
    <LeftDialog name={name} left={left} onClose={onClose} />
  ) : (
    <FormDialog
      title={t(!accept ? "declining.title" : days ? "erasingDays.title" : `accepting.${kind}`, { name })}
      go={t(erases ? "erasing.go" : accept ? "accept" : "decline")}
      grave={erases}
      ready={named && reason.trim() !== ""}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={go}
      onClose={onClose}
    >
      {erases && days ? (
        <p>{t("erasingDays.words", { days })}</p>
      ) : erases ? (
        <>
          <WhatGoes />
          <Mentions person={person} empty={empty} onEmpty={setEmpty} />
        </>
      ) : (
        <p>{t(accept && kind !== "erase" ? `accepting.${kind}Words` : "declining.words")}</p>
      )}
      <WordsBox
        label={t("reason")}
        hint={t(erases && !days ? "erasing.reasonHint" : "reasonHint")}
        value={reason}
        autoFocus
        onType={setReason}
      />
      {erases && (
        <>
          <label htmlFor={box}>
            <Trans
              ns="rights"
              i18nKey={days ? "erasingDays.confirm" : "erasing.confirm"}
              values={{ name }}
              components={{ b: <b /> }}
            />
          </label>
          <OutlinedInput
            id={box}
            fullWidth
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </>
      )}
    </FormDialog>
  );
}
