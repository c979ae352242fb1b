/** How fresh the page is, for the badge; and at which moment its states are judged. */
import type { LiveState } from "./slice";
import { SILENCE_MAX_MS } from "./socket";

export interface Freshness {
  word: "live" | "reconnecting" | "stale";
  /** Of the data, in ms; `null` when there is none yet. */
  ageMs: number | null;
  /** Hub time. States are judged at `judgedAtMs`, which stands still while nothing is known; ages count to `hubNowMs`. */
  judgedAtMs: number;
  hubNowMs: number;
}

export function freshnessOf(
  live: Pick<LiveState, "link" | "currentAtMs" | "clockOffsetMs" | "staleSinceMs">,
  nowMs: number,
): Freshness {
  const offsetMs = live.clockOffsetMs ?? 0;
  const hubNowMs = nowMs + offsetMs;
  if (live.currentAtMs === null) {
    const word = live.link === "stopped" ? "stale" : "reconnecting";
    return { word, ageMs: null, judgedAtMs: hubNowMs, hubNowMs };
  }
  if (live.staleSinceMs !== null) {
    const ageMs = Math.max(0, hubNowMs - live.staleSinceMs);
    return { word: "stale", ageMs, judgedAtMs: live.staleSinceMs, hubNowMs };
  }
  const ageMs = Math.max(0, nowMs - live.currentAtMs);
  if (live.link === "open" && ageMs < SILENCE_MAX_MS) {
    return { word: "live", ageMs, judgedAtMs: hubNowMs, hubNowMs };
  }
  const judgedAtMs = live.currentAtMs + offsetMs;
  const late = ageMs >= SILENCE_MAX_MS || live.link === "stopped";
  return { word: late ? "stale" : "reconnecting", ageMs, judgedAtMs, hubNowMs };
}
