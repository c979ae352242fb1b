/** The name of a view that was begun and not sent: a reload, or signing in again, loses nothing. Of this tab only. */
const DRAFT = "daylight-view-name";

export function draft(): string {
  try {
    return sessionStorage.getItem(DRAFT) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(name: string): void {
  try {
    sessionStorage.setItem(DRAFT, name);
  } catch {
    // Storage may be forbidden: then it is written again.
  }
}
