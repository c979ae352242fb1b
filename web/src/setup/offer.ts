/** The set-up opens by itself once for each admin in a browser; from then on it waits in the navigation. */

const KEY = "daylight-set-up-offered";

export function wasOffered(person: number): boolean {
  try {
    return offered().includes(String(person));
  } catch {
    return true; // Without storage it would open at every turn.
  }
}

export function noteOffered(person: number): void {
  try {
    localStorage.setItem(KEY, [...new Set([...offered(), String(person)])].join(","));
  } catch {
    // As above.
  }
}

function offered(): string[] {
  return (localStorage.getItem(KEY) ?? "").split(",").filter(Boolean);
}
