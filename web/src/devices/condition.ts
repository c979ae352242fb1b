import type { Device } from "../enrol/api";

/** Agents send a heartbeat each half minute, and the hub notes it each minute: within this a device counts as connected. */
const RECENT_MS = 120_000;
/** As the hub reckons: not heard for a day. */
const SILENT_MS = 86_400_000;

export type Condition = "connected" | "seen" | "missing" | "silent" | "unseen" | "suspended" | "revoked";

/** How a device is at `nowMs`, the gravest first. */
export function conditionOf({ revoked_at, suspended_at, last_seen_at, missing }: Device, nowMs: number): Condition {
  if (revoked_at) {
    return "revoked";
  }
  if (suspended_at) {
    return "suspended";
  }
  if (!last_seen_at) {
    return "unseen";
  }
  const ageMs = nowMs - Date.parse(last_seen_at);
  if (ageMs < RECENT_MS) {
    return "connected";
  }
  return ageMs >= SILENT_MS ? "silent" : missing ? "missing" : "seen";
}
