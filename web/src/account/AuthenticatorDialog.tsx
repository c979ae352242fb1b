import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { wordedProblem } from "../factors/problem";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import own from "./AuthenticatorDialog.module.css";
import { useBeginTotpMutation, useConfirmTotpMutation } from "./api";
import { CodesShown } from "./CodesShown";

/** A secret for the app on the phone, a code of it that confirms it, and then the recovery codes. */
export function AuthenticatorDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["account", "ui"]);
  const [begin, { data: setup, error: unmade }] = useBeginTotpMutation();
  const [confirm, { data: done, isLoading, error: refused }] = useConfirmTotpMutation();
  const [code, setCode] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const ids = { title: useId(), box: useId() };
  const problem = (refused ?? unmade) as Problem | undefined;

  useEffect(() => {
    const made = begin();
    return () => made.abort();
  }, [begin]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if ((await confirm(code)).error) {
      setCode("");
      box.current?.focus();
    }
  }

  return (
    <Dialog open {...(!done && { onClose })} aria-labelledby={ids.title} fullWidth maxWidth="sm">
      <form onSubmit={submit}>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {t(done ? "totp.done" : "totp.setUp")}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={wordedProblem(problem)} />}
          {done &&
            (done.recovery_codes.length > 0 ? <CodesShown codes={done.recovery_codes} /> : <p>{t("totp.kept")}</p>)}
          {!done && !setup && !problem && <div className={own.waits} role="status" aria-label={t("totp.making")} />}
          {!done && setup && (
            <>
              <p>{t("totp.scan")}</p>
              <div className={own.setup}>
                <img className={own.qr} src={setup.qr} alt={t("totp.qr")} width={196} height={196} />
                <div>
                  <p>{t("totp.type")}</p>
                  <output className={own.secret} aria-label={t("totp.secret")} dir="ltr">
                    {setup.secret.match(/.{1,4}/g)?.join(" ")}
                  </output>
                </div>
              </div>
              <label htmlFor={ids.box}>{t("totp.code")}</label>
              <OutlinedInput
                id={ids.box}
                inputRef={box}
                className={own.code ?? ""}
                autoComplete="one-time-code"
                required
                inputProps={{ inputMode: "numeric", dir: "ltr", maxLength: 12 }}
                value={code}
                onChange={(event) => setCode(event.target.value)}
              />
            </>
          )}
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          <Button onClick={onClose}>{t(done ? "ui:done" : "ui:cancel")}</Button>
          {!done && (
            <Button type="submit" variant="contained" color="primary" disabled={!setup || isLoading || code === ""}>
              {t("totp.confirm")}
            </Button>
          )}
        </DialogActions>
      </form>
    </Dialog>
  );
}
