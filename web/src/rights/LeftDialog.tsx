import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import css from "../ui/Dialog.module.css";
import type { Place } from "./api";
import { Places } from "./Places";

interface Props {
  name: string;
  left: Place[];
  onClose: () => void;
}

/** After an erasure: where the name still stands, and where it can be edited. */
export function LeftDialog({ name, left, onClose }: Props) {
  const { t } = useTranslation("rights");
  const id = useId();
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="xs">
      <DialogTitle id={id} className={css.title ?? ""}>
        {t("mentions.done", { name })}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        <p>{t("mentions.still")}</p>
        <Places places={left} linked />
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button variant="contained" onClick={onClose}>
          {t("mentions.close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
