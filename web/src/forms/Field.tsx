import type { ReactNode } from "react";
import { Icon } from "../ui/Icon";
import css from "./Field.module.css";

interface Words {
  /** What is wrong with what was typed. */
  error?: string | null | undefined;
  hint?: ReactNode;
}

/** A box with its name above, and below it what is wrong, or else a hint. */
export function Field({
  id,
  label,
  error,
  hint,
  children,
}: Words & { id: string; label: string; children: ReactNode }) {
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      {children}
      <FieldWords id={id} error={error} hint={hint} />
    </div>
  );
}

export function FieldWords({ id, error, hint }: Words & { id: string }) {
  if (error) {
    return (
      <p className={css.error} id={`${id}-words`}>
        <Icon name="attention" size={14} />
        <span>{error}</span>
      </p>
    );
  }
  return hint ? (
    <p className={css.hint} id={`${id}-words`}>
      {hint}
    </p>
  ) : null;
}

/** What ties a box to its words. */
export function described(id: string, { error, hint }: Words) {
  return {
    ...(error && { "aria-invalid": true }),
    ...((error || hint) && { "aria-describedby": `${id}-words` }),
  };
}
