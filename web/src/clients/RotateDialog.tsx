import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import { type Client, type NewSecret, useRotateSecretMutation } from "./api";

interface Props {
  client: Client;
  onMade: (made: NewSecret) => void;
  onClose: () => void;
}

/** A new secret: the old one serves for a day more, so that the program can be told in time. */
export function RotateDialog({ client, onMade, onClose }: Props) {
  const { t } = useTranslation(["clients", "ui"]);
  const [rotate, { isLoading, error }] = useRotateSecretMutation();
  const problem = error as Problem | undefined;
  const id = useId();
  const replaced = client.secrets.some((secret) => secret.ends_at !== null);

  async function go() {
    const { data } = await rotate(client.id);
    if (data) {
      onMade(data);
    }
  }

  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="xs">
      <DialogTitle id={id} className={css.title ?? ""}>
        {t("rotating.title", { name: client.name })}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        {problem && <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.unchanged") : undefined} />}
        <p>{t("rotating.words")}</p>
        {replaced && <p>{t("rotating.older")}</p>}
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button onClick={onClose}>{t("ui:cancel")}</Button>
        <Button variant="contained" color="primary" disabled={isLoading} onClick={go}>
          {t("rotate")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
