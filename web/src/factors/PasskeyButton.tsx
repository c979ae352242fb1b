import Button from "@mui/material/Button";
import { useState } from "react";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { usePasskeyOptionsMutation } from "./api";
import { askPasskey, hasPasskeys } from "./webauthn";

interface Props {
  children: string;
  className?: string;
  fullWidth?: boolean;
  /** Gives the hub what the passkey answered. */
  onAnswer: (credential: unknown) => Promise<unknown>;
  onProblem: (problem: Problem | null) => void;
}

/** Asks for a passkey. Not there in a browser without. */
export function PasskeyButton({ children, className = "", fullWidth = false, onAnswer, onProblem }: Props) {
  const [ask] = usePasskeyOptionsMutation();
  const [busy, setBusy] = useState(false);

  async function use() {
    setBusy(true);
    onProblem(null);
    const { data, error } = await ask();
    if (error) {
      onProblem(error as Problem);
    }
    const credential = data && (await askPasskey(data));
    if (credential) {
      await onAnswer(credential);
    }
    setBusy(false);
  }

  return hasPasskeys() ? (
    <Button className={className} fullWidth={fullWidth} onClick={use} disabled={busy} startIcon={<Icon name="key" />}>
      {children}
    </Button>
  ) : null;
}
