import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./AskReason.module.css";

const REASON_MAX = 200;

/** Before somebody's details, where their policy wants to know why they are opened. */
export function AskReason({ onGiven }: { onGiven: (reason: string) => void }) {
  const { t } = useTranslation("person");
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const ids = { box: useId(), hint: useId() };

  function submit(event: FormEvent) {
    event.preventDefault();
    setMissing(!reason.trim());
    if (reason.trim()) {
      onGiven(reason.trim());
    }
  }

  return (
    <form className={css.ask} onSubmit={submit} noValidate>
      <p>{t("ask.words")}</p>
      <label htmlFor={ids.box}>{t("ask.label")}</label>
      <OutlinedInput
        id={ids.box}
        fullWidth
        multiline
        minRows={2}
        autoFocus
        required
        error={missing}
        value={reason}
        slotProps={{ input: { maxLength: REASON_MAX, "aria-describedby": ids.hint } }}
        onChange={(event) => setReason(event.target.value)}
      />
      <p id={ids.hint} className={css.hint} role={missing ? "alert" : undefined}>
        {t(missing ? "ask.missing" : "ask.hint")}
      </p>
      <Button type="submit" variant="contained" color="primary">
        {t("ask.go")}
      </Button>
    </form>
  );
}
