/** Close codes by their groups, as hub/wire/closing.py has them: a peer needs to know only the groups. The page knows one more. */
export type Duty = "retry" | "renew" | "stop";

/** What the viewer may see has changed, and with it perhaps what else is theirs: pages, rights. */
export const ACCESS_CHANGED = 4106;

/** What a viewer owes after this close code. Codes outside our range (1006, 1009, 1012, ...) mean: try again. */
export function dutyOf(code: number): Duty {
  if (code >= 4300 && code < 4400) {
    return "stop";
  }
  if (code >= 4200 && code < 4300) {
    return "renew";
  }
  return "retry";
}
