import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import css from "./Dialog.module.css";
import { ProblemNote, type ProblemText } from "./ProblemNote";

interface Props {
  title: string;
  words: string;
  /** What the act is called. */
  go: string;
  busy: boolean;
  problem: ProblemText | undefined;
  onGo: () => void;
  onClose: () => void;
}

/** Before what can't be undone. */
export function SureDialog({ title, words, go, busy, problem, onGo, onClose }: Props) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="xs">
      <DialogTitle id={id} className={css.title ?? ""}>
        {title}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        {problem && <ProblemNote problem={problem} kept={problem.status ? t("kept.unchanged") : undefined} />}
        <p>{words}</p>
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button variant="contained" color="error" disabled={busy} onClick={onGo}>
          {go}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
