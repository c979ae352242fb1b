import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./Dialog.module.css";
import { ProblemNote, type ProblemText } from "./ProblemNote";

interface Props {
  title: string;
  /** What has to be typed. */
  name: string;
  /** Asks for the name: the box's label. */
  ask: ReactNode;
  /** What the act is called, and what leaving it is; none: "Cancel". */
  go: string;
  keep?: string;
  busy: boolean;
  problem: ProblemText | undefined;
  onGo: () => void;
  onClose: () => void;
  /** What it means. */
  children: ReactNode;
}

/** Before what can't be undone and reaches far: the name of what it is about is to be typed. */
export function ByNameDialog({ title, name, ask, go, keep, busy, problem, onGo, onClose, children }: Props) {
  const { t } = useTranslation("ui");
  const [typed, setTyped] = useState("");
  const ids = { title: useId(), box: useId() };
  const named = typed.trim() === name.trim();

  function submit(event: FormEvent) {
    event.preventDefault();
    if (named && !busy) {
      onGo();
    }
  }

  return (
    <Dialog open onClose={onClose} aria-labelledby={ids.title} fullWidth maxWidth="xs">
      <form onSubmit={submit}>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {title}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={problem} kept={problem.status ? t("kept.unchanged") : undefined} />}
          {children}
          <label htmlFor={ids.box}>{ask}</label>
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
          <Button onClick={onClose}>{keep ?? t("cancel")}</Button>
          <Button type="submit" variant="contained" color="error" disabled={!named || busy}>
            {go}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
