import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { Secret } from "../tokens/Secret";
import css from "../ui/Dialog.module.css";
import type { NewSecret } from "./api";

/** A client's id and new secret, until one says that they are kept somewhere. */
export function SecretDialog({ made, onClose }: { made: NewSecret; onClose: () => void }) {
  const { t } = useTranslation(["clients", "ui"]);
  const id = useId();
  return (
    <Dialog open aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id} className={css.title ?? ""}>
        {t("shown.title", { name: made.client.name })}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        <p>{t("shown.words")}</p>
        <Secret name={t("shown.id")} text={made.client.client_id} />
        <Secret name={t("shown.secret")} text={made.secret} />
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button onClick={onClose}>{t("ui:done")}</Button>
      </DialogActions>
    </Dialog>
  );
}
