import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { type FormEvent, type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";

interface Props {
  title: string;
  go: string;
  /** What it does can't be undone. */
  grave?: boolean;
  ready: boolean;
  busy: boolean;
  problem: Problem | undefined;
  onGo: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a dialog, with one way on. */
export function FormDialog({ title, go, grave = false, ready, busy, problem, onGo, onClose, children }: Props) {
  const { t } = useTranslation("ui");
  const id = useId();
  function submit(event: FormEvent) {
    event.preventDefault();
    if (ready && !busy) {
      onGo();
    }
  }
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="xs">
      <form onSubmit={submit}>
        <DialogTitle id={id} className={css.title ?? ""}>
          {title}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={problem} kept={problem.status ? t("kept.unchanged") : undefined} />}
          {children}
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" variant="contained" color={grave ? "error" : "primary"} disabled={!ready || busy}>
            {go}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
