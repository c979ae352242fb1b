/** What was chosen in the palette lately, by each person of this browser; forgotten when they sign out. */

const KEPT = 6;
const KEY = "daylight-recent";

/** People and teams with their names, commands by their ids. */
export type Recent =
  | { kind: "person" | "team"; id: number; name: string; detail: string }
  | { kind: "command"; id: string };

export function recall(person: number): Recent[] {
  try {
    const { of, chosen } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as { of?: number; chosen?: Recent[] };
    return of === person && Array.isArray(chosen) ? chosen : [];
  } catch {
    return []; // Storage may be forbidden, or hold what another version wrote.
  }
}

export function remember(person: number, choice: Recent): void {
  const others = recall(person).filter(({ kind, id }) => kind !== choice.kind || id !== choice.id);
  try {
    localStorage.setItem(KEY, JSON.stringify({ of: person, chosen: [choice, ...others].slice(0, KEPT) }));
  } catch {
    // Then nothing is recent.
  }
}

export function forgetRecent(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Then there is nothing to forget.
  }
}
