import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import css from "../ui/Dialog.module.css";
import { CodesShown } from "./CodesShown";

/** New recovery codes, until one says that they are kept somewhere. */
export function CodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useTranslation(["account", "ui"]);
  const id = useId();
  return (
    <Dialog open aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id} className={css.title ?? ""}>
        {t("codes.title")}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        <CodesShown codes={codes} />
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button onClick={onClose}>{t("ui:done")}</Button>
      </DialogActions>
    </Dialog>
  );
}
