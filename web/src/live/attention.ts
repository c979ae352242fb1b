/** Who needs somebody to look, and why: what the wall puts first. Pure; judged from what the tile says and the clock, with nothing stored. */
import type { Tile } from "../wire.gen";
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

/** Offline and stale people need nobody by themselves: without working hours nobody can say that they should be here. */
export function attentionOf(tile: Tile, judged: Judged, atMs: number): Attention | null {
  if (judged.state === "idle" && judged.sinceMs !== null) {
    const fromMs = judged.sinceMs + LONG_IDLE_S * 1000;
    if (fromMs <= atMs) {
      return { need: "idle", fromMs };
    }
  }
  if (judged.state === "active" || judged.state === "passive") {
    const { activeS, expectedS } = workedOf(tile, atMs);
    const beyondS = activeS - expectedS - OVERTIME_S;
    if (expectedS > 0 && beyondS >= 0) {
      return { need: "overtime", fromMs: atMs - beyondS * 1000 };
    }
  }
  return null;
}

/** When time alone may next change a state or what `attentionOf` says: the tile has to be judged again then. */
export function dueMs(tile: Tile, judged: Judged, atMs: number): number {
  const due: number[] = [];
  const inputMs = Date.parse(tile.facts?.last_input_at ?? "");
  const turnsMs = inputMs + (tile.idle_limit_s ?? 300) * 1000;
  if (judged.state === "active" && turnsMs >= atMs) {
    due.push(turnsMs + 1);
  }
  if (judged.state === "idle" && judged.sinceMs !== null) {
    due.push(judged.sinceMs + LONG_IDLE_S * 1000);
  }
  if (judged.state === "active" || judged.state === "passive") {
    const { activeS, expectedS } = workedOf(tile, atMs);
    due.push(expectedS > 0 ? atMs + (expectedS + OVERTIME_S - activeS) * 1000 : Infinity);
    due.push(Date.parse(tile.today?.ends_at ?? ""));
  }
  return Math.min(...due.filter((each) => each > atMs));
}
