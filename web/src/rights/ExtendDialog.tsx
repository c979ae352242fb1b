import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Field } from "../forms/Field";
import type { Problem } from "../http/request";
import { type Asked, useEverybodysRightsQuery, useExtendRequestMutation } from "./api";
import { FormDialog } from "./FormDialog";
import { WordsBox } from "./WordsBox";

interface Props {
  request: Asked;
  /** Is told the new last day, as `2026-05-04`. */
  onDone: (until: string) => void;
  onClose: () => void;
}

/** Puts the last day for an answer off, once, with a reason that the person reads. */
export function ExtendDialog({ request: { id, name, due_on }, onDone, onClose }: Props) {
  const { t } = useTranslation("rights");
  const latest = monthsAfter(due_on, 2);
  const [dueOn, setDueOn] = useState(latest);
  const [reason, setReason] = useState("");
  const { data } = useEverybodysRightsQuery(false);
  const [send, { isLoading, error }] = useExtendRequestMutation();
  const box = useId();
  return (
    <FormDialog
      title={t("extending.title", { name })}
      go={t("extending.go")}
      ready={dueOn > due_on && dueOn <= latest && reason.trim() !== ""}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={async () => {
        if (!(await send({ id, due_on: dueOn, reason })).error) {
          onDone(dueOn);
          onClose();
        }
      }}
      onClose={onClose}
    >
      <p>
        {t("extending.words")} {data && t(data.mail ? "extending.mailed" : "extending.told")}
      </p>
      <Field id={box} label={t("extending.day")}>
        <OutlinedInput
          id={box}
          type="date"
          fullWidth
          value={dueOn}
          inputProps={{ min: due_on, max: latest }}
          onChange={(event) => setDueOn(event.target.value)}
        />
      </Field>
      <WordsBox label={t("reason")} hint={t("reasonHint")} value={reason} autoFocus onType={setReason} />
    </FormDialog>
  );
}

/** The same day of a later month, or its last one, as PostgreSQL reckons. */
function monthsAfter(day: string, months: number): string {
  const [year = 0, month = 0, date = 0] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}
