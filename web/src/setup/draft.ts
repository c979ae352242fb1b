/** What was typed and not saved yet. Kept for as long as the tab is open, apart for each person: a reload and a sign-out lose nothing. */

export interface Draft {
  name?: string | undefined;
  zone?: string | undefined;
  /** As typed, Monday first. */
  hours?: string[] | undefined;
  team?: string | undefined;
  join?: boolean;
  manage?: boolean;
  /** The team that was made here, and what was chosen for it. */
  made?: { id: number; name: string; join: boolean; manage: boolean };
  /** The device that came. */
  device?: string;
  /** How far the steps were done, by number. */
  reached?: number;
}

export function readDraft(person: number): Draft {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key(person)) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {}; // Forbidden storage, or not ours.
  }
}

export function keepDraft(person: number, draft: Draft): void {
  try {
    sessionStorage.setItem(key(person), JSON.stringify(draft));
  } catch {
    // Then it lasts until a reload.
  }
}

export function dropDraft(person: number): void {
  try {
    sessionStorage.removeItem(key(person));
  } catch {
    // There is none.
  }
}

function key(person: number): string {
  return `daylight-set-up-${person}`;
}
