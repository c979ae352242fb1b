import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Device } from "../enrol/api";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import { useRevokeMutation } from "./api";

/** Cannot be undone, so it asks for the device's name. */
export function RevokeDialog({ device, onClose }: { device: Device & { person_name?: string }; onClose: () => void }) {
  const { t } = useTranslation(["devices", "ui"]);
  const [typed, setTyped] = useState("");
  const [revoke, { isLoading, error }] = useRevokeMutation();
  const problem = error as Problem | undefined;
  const ids = { title: useId(), box: useId() };
  const named = typed.trim() === device.name.trim();

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (named && !isLoading && !(await revoke(device.id)).error) {
      onClose();
    }
  }

  return (
    <Dialog open onClose={onClose} aria-labelledby={ids.title} fullWidth maxWidth="xs">
      <form onSubmit={submit}>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {t("revoking.title", { name: device.name })}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.unchanged") : undefined} />}
          {device.person_name && <p>{t("revoking.whose", { person: device.person_name })}</p>}
          <p>{t("revoking.words")}</p>
          <label htmlFor={ids.box}>
            <Trans ns="devices" i18nKey="revoking.confirm" values={{ name: device.name }} components={{ b: <b /> }} />
          </label>
          <OutlinedInput
            id={ids.box}
            fullWidth
            autoFocus
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          <Button onClick={onClose}>{t("revoking.keep")}</Button>
          <Button type="submit" variant="contained" color="error" disabled={!named || isLoading}>
            {t("revoke")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
