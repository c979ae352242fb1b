/** A client that was begun and not made yet, for as long as the tab is open: a reload and a sign-out lose nothing. No secret is in it. */
import type { ClientForm } from "./api";

const KEY = "daylight-new-client";

export function readDraft(): ClientForm | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as ClientForm | null;
  } catch {
    return null; // Forbidden storage, or not ours.
  }
}

export function keepDraft(form: ClientForm): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(form));
  } catch {
    // Then it lasts until a reload.
  }
}

export function dropDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // There is none.
  }
}
