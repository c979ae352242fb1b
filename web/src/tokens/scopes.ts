/** What a token may, as the hub names it (`hub/auth/tokens.py`). */
export const SCOPES = ["teams:read", "people:read", "activity:read"] as const;
export type Scope = (typeof SCOPES)[number];

/** Its words: `:` and what stands before it mean something else in keys. */
export function wordOf(scope: Scope): "teams" | "people" | "activity" {
  return scope.split(":")[0] as "teams" | "people" | "activity";
}
