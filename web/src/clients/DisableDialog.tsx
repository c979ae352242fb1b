import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import { type Client, useDisableClientMutation } from "./api";

/** Cannot be undone, so it asks for the client's name. */
export function DisableDialog({ client, onClose }: { client: Client; onClose: () => void }) {
  const { t } = useTranslation(["clients", "ui"]);
  const [typed, setTyped] = useState("");
  const [disable, { isLoading, error }] = useDisableClientMutation();
  const problem = error as Problem | undefined;
  const ids = { title: useId(), box: useId() };
  const named = typed.trim() === client.name.trim();

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (named && !isLoading && !(await disable(client.id)).error) {
      onClose();
    }
  }

  return (
    <Dialog open onClose={onClose} aria-labelledby={ids.title} fullWidth maxWidth="xs">
      <form onSubmit={submit}>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {t("disabling.title", { name: client.name })}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.unchanged") : undefined} />}
          <p>{t("disabling.words")}</p>
          <label htmlFor={ids.box}>
            <Trans ns="clients" i18nKey="disabling.confirm" values={{ name: client.name }} components={{ b: <b /> }} />
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
          <Button onClick={onClose}>{t("ui:cancel")}</Button>
          <Button type="submit" variant="contained" color="error" disabled={!named || isLoading}>
            {t("disable")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
