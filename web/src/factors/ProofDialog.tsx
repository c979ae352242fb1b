import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/account";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { useFactorsQuery, useProveMutation } from "./api";
import css from "./Dialog.module.css";
import { wordedProblem } from "./problem";

/** Asks whoever sits there to prove who they are, by password or code, before an act that asked for it goes on. */
export function ProofDialog({ onDone }: { onDone: (proved: boolean) => void }) {
  const { t } = useTranslation(["account", "ui"]);
  const { data: factors, error: unread } = useFactorsQuery();
  const [prove, { isLoading, error }] = useProveMutation();
  const [chosen, setChosen] = useState<"password" | "code" | null>(null);
  const [typed, setTyped] = useState("");
  const ids = { title: useId(), box: useId() };
  const problem = (error ?? unread) as Problem | undefined;
  const by = chosen ?? (factors?.password === false && factors.totp_since ? "code" : "password");
  const none = factors && !factors.password && !factors.totp_since;

  async function submit(event: FormEvent) {
    event.preventDefault();
    const { error: refused } = await prove(by === "code" ? { code: typed } : { password: typed });
    setTyped("");
    if (!refused) {
      onDone(true);
    }
  }

  return (
    <Dialog open onClose={() => onDone(false)} aria-labelledby={ids.title} fullWidth maxWidth="xs">
      <form onSubmit={submit}>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {t("proof.title")}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={wordedProblem(problem)} />}
          <p>{t(none ? "proof.none" : "proof.words")}</p>
          {!none && (
            <>
              <label htmlFor={ids.box}>{t(`proof.${by}`)}</label>
              <OutlinedInput
                key={by}
                id={ids.box}
                fullWidth
                autoFocus
                required
                type={by === "password" ? "password" : "text"}
                autoComplete={by === "password" ? "current-password" : "one-time-code"}
                inputProps={by === "code" ? { dir: "ltr", maxLength: 40 } : { maxLength: 200 }}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            </>
          )}
          {factors?.password && factors.totp_since && (
            <Button className={css.other ?? ""} onClick={() => setChosen(by === "code" ? "password" : "code")}>
              {t(by === "code" ? "proof.usePassword" : "proof.useCode")}
            </Button>
          )}
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          <Button onClick={() => onDone(false)}>{t("ui:cancel")}</Button>
          {!none && (
            <Button type="submit" variant="contained" color="primary" disabled={isLoading || typed === ""}>
              {t("proof.go")}
            </Button>
          )}
        </DialogActions>
      </form>
    </Dialog>
  );
}
