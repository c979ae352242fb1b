import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { type Device, useRevokeMutation } from "./api";
import css from "./Dialog.module.css";

/** Cannot be undone, so it asks for the device's name. */
export function RevokeDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [revoke, { isLoading, error }] = useRevokeMutation();
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
          Revoke {device.name}?
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {error && <ProblemNote problem={error as Problem} />}
          <p>
            It is disconnected at once and sends nothing more. What it recorded is kept. To use it again, enrol it
            again.
          </p>
          <label htmlFor={ids.box}>
            Type <b>{device.name}</b> to confirm
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
          <Button onClick={onClose}>Keep it</Button>
          <Button type="submit" variant="contained" color="error" disabled={!named || isLoading}>
            Revoke
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
