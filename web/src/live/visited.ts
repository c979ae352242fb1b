/** Whether the last visit of this browser ended on the wall, signed in: then the next one most likely begins there. Nobody's name is in it. */
const KEY = "daylight-wall";

export function wasOnWall(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}

export function noteWall(): void {
  try {
    localStorage.setItem(KEY, "1");
  } catch {
    // Storage may be forbidden: then the wall comes a moment later.
  }
}

/** At a sign-out, a refusal, and when somebody is led elsewhere from the wall's address. */
export function forgetWall(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Then there is nothing to forget.
  }
}
