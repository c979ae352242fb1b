import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { type Act, useActWithReasonMutation } from "./api";
import { FormDialog } from "./FormDialog";
import { WordsBox } from "./WordsBox";

interface Props {
  act: Act;
  person: number;
  name: string;
  onDone?: () => void;
  onClose: () => void;
}

const WORD = { hold: "hold", "hold/lift": "unhold", "restriction/lift": "unrestrict" } as const;

/** Sets a legal hold, or lifts that or a restriction: with a reason, which the person reads. */
export function ReasonDialog({ act, person, name, onDone, onClose }: Props) {
  const { t } = useTranslation("rights");
  const [reason, setReason] = useState("");
  const [send, { isLoading, error }] = useActWithReasonMutation();
  const word = WORD[act];
  return (
    <FormDialog
      title={t(`${word}.title`, { name })}
      go={t(`${word}.go`)}
      ready={reason.trim() !== ""}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={async () => {
        if (!(await send({ person, act, reason })).error) {
          onDone?.();
          onClose();
        }
      }}
      onClose={onClose}
    >
      <p>{t(`${word}.words`)}</p>
      <WordsBox label={t("reason")} hint={t("reasonHint")} value={reason} autoFocus onType={setReason} />
    </FormDialog>
  );
}
