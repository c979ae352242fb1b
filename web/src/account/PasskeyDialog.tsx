import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { makePasskey } from "../factors/webauthn";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import { useAddPasskeyMutation, usePasskeyFormMutation } from "./api";
import { CodesShown } from "./CodesShown";

const NAME_MAX_CHARACTERS = 80;

/** A name, then the browser asks for the rest; the recovery codes come with the first factor. */
export function PasskeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["account", "ui"]);
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [begin] = usePasskeyFormMutation();
  const [add] = useAddPasskeyMutation();
  const ids = { title: useId(), box: useId() };

  async function register(): Promise<Problem | null> {
    const { data: options, error } = await begin();
    if (!options) {
      return error as Problem;
    }
    const credential = await makePasskey(options);
    if (!credential) {
      return { status: 0, title: t("passkeys.left") };
    }
    const { data, error: refused } = await add({ credential, name });
    if (!data) {
      const { status, field } = refused as Problem;
      return status === 400 && !field ? { status, title: t("passkeyRefused") } : (refused as Problem);
    }
    if (data.recovery_codes.length > 0) {
      setCodes(data.recovery_codes);
    } else {
      onClose();
    }
    return null;
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setProblem(await register());
    setBusy(false);
  }

  return (
    <Dialog open {...(!codes && { onClose })} aria-labelledby={ids.title} fullWidth maxWidth={codes ? "sm" : "xs"}>
      <form onSubmit={submit}>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {t(codes ? "passkeys.done" : "passkeys.add")}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={problem} />}
          {codes ? (
            <CodesShown codes={codes} />
          ) : (
            <>
              <p>{t("passkeys.how")}</p>
              <label htmlFor={ids.box}>{t("passkeys.name")}</label>
              <OutlinedInput
                id={ids.box}
                autoFocus
                required
                fullWidth
                autoComplete="off"
                placeholder={t("passkeys.example")}
                inputProps={{ maxLength: NAME_MAX_CHARACTERS }}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            </>
          )}
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          <Button onClick={onClose}>{t(codes ? "ui:done" : "ui:cancel")}</Button>
          {!codes && (
            <Button type="submit" variant="contained" color="primary" disabled={busy || name.trim() === ""}>
              {t("passkeys.go")}
            </Button>
          )}
        </DialogActions>
      </form>
    </Dialog>
  );
}
