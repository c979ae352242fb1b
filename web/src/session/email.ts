const KEY = "daylight-email";

/** The e-mail that last signed in from this browser. Never the password. */
export function recallEmail(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function rememberEmail(email: string): void {
  try {
    localStorage.setItem(KEY, email);
  } catch {
    // Storage may be forbidden: then it is typed again.
  }
}
