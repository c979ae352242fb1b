/** What was typed and not saved yet. Kept for as long as the tab is open, under a key of its own: a reload and a sign-out lose nothing. */
import { useCallback, useState } from "react";

export interface Kept<Draft> {
  draft: Draft;
  put: (change: Partial<Draft>) => void;
  /** It is saved, or not wanted any more. */
  drop: () => void;
}

/** The draft of one form. Another `key` is another form: the component is to be made anew for it. */
export function useDraft<Draft extends object>(key: string, empty: Draft): Kept<Draft> {
  const [draft, setDraft] = useState<Draft>(() => ({ ...empty, ...read(key) }));
  const put = useCallback(
    (change: Partial<Draft>) =>
      setDraft((before) => {
        const next = { ...before, ...change };
        keep(key, next);
        return next;
      }),
    [key],
  );
  const drop = useCallback(() => {
    keep(key, null);
    setDraft(empty);
  }, [key, empty]);
  return { draft, put, drop };
}

function read(key: string): object {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {}; // Forbidden storage, or not ours.
  }
}

function keep(key: string, draft: object | null): void {
  try {
    if (draft) {
      sessionStorage.setItem(key, JSON.stringify(draft));
    } else {
      sessionStorage.removeItem(key);
    }
  } catch {
    // Then it lasts until a reload.
  }
}
