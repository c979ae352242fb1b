/** Who needs somebody to look, and why: what the wall puts first. Pure; judged from what the tile says and the clock, with nothing stored. */
import type { Tile } from "../wire.gen";
import { ms } from "./activity";
import { type Judged, workedOf } from "./wall";

export type Need = "idle" | "overtime";

export interface Attention {
  need: Need;
  /** Hub time since which it is beyond what is usual: who is furthest beyond comes first. */
  fromMs: number;
}

/** Longer than a coffee, shorter than lunch. A machine that was left open for an hour is worth a word. */
export const LONG_IDLE_S = 30 * 60;
/** Beyond what is expected of the workday: a quarter-hour is no news, half an hour is. */
export const OVERTIME_S = 30 * 60;

/**
 * Whether somebody has to look, and when time alone may next change that or the state: the tile has to be judged again then. Offline and
 * stale people need nobody by themselves: without working hours nobody can say that they should be here.
 */
export function attentionOf(tile: Tile, judged: Judged, atMs: number): { attention: Attention | null; dueMs: number } {
  let attention: Attention | null = null;
  let dueMs = Infinity;
  const turns = (whenMs: number) => {
    dueMs = whenMs > atMs && whenMs < dueMs ? whenMs : dueMs;
  };
  const beyond = (need: Need, fromMs: number) => {
    turns(fromMs);
    attention = fromMs <= atMs ? { need, fromMs } : attention;
  };
  if (judged.state === "active") {
    turns((ms(tile.facts?.last_input_at) ?? Infinity) + (tile.idle_limit_s ?? 300) * 1000 + 1);
  }
  if (judged.state === "idle" && judged.sinceMs !== null) {
    beyond("idle", judged.sinceMs + LONG_IDLE_S * 1000);
  }
  if (judged.state === "active" || judged.state === "passive") {
    const { activeS, expectedS } = workedOf(tile, atMs);
    if (expectedS > 0) {
      beyond("overtime", atMs + (expectedS + OVERTIME_S - activeS) * 1000);
    }
    turns(ms(tile.today?.ends_at) ?? Infinity);
  }
  return { attention, dueMs };
}
