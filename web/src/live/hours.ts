/** The last hour of a person as letters, one a minute, as the hub tells them (`hub/day.py`), and as bars. Pure. */
import type { State } from "../ui/StateMark";

export const MINUTES = 60;

const STATE_OF: Record<string, State> = {
  a: "active",
  p: "passive",
  i: "idle",
  l: "locked",
  b: "break",
  v: "private",
  o: "offline",
};
const LETTER_OF = Object.fromEntries(Object.entries(STATE_OF).map(([letter, state]) => [state, letter]));

const WIDTH = 4;
const HEIGHT = 18;
/** Work stands up, all else is a line on the ground: told apart without colour. */
const HEIGHT_OF: Partial<Record<State, number>> = { active: 14, passive: 8 };
const GROUND = 2;

/** Devices send once a minute: of the last minutes nothing may be stored yet, though the state is known. */
const UNSTORED_MAX = 2;

/**
 * An hour that was told at `untilMs`, moved on to `nowMs`: minutes that have passed since, or are not stored yet, are of the state that
 * holds, as far back as it does. `sinceMs`: `null` when that is not known.
 */
export function movedOn(hour: string, untilMs: number, nowMs: number, state: State, sinceMs: number | null): string {
  const letter = LETTER_OF[state] ?? "o";
  const passed = Math.min(MINUTES, Math.max(0, Math.floor((nowMs - untilMs) / 60_000)));
  const stored = hour.replace(/o+$/, "");
  const unstored = hour.length - stored.length;
  const told = stored !== "" && unstored <= UNSTORED_MAX ? stored : hour;
  const moved = told.padEnd(hour.length + passed, letter).slice(-MINUTES);
  const held = sinceMs === null ? 0 : Math.min(moved.length, Math.max(0, Math.floor((nowMs - sinceMs) / 60_000)));
  const before = moved.length - held;
  return moved.slice(0, before) + moved.slice(before).replaceAll("o", letter);
}

/** How many minutes each state held, the most first. */
export function minutesOf(hour: string): [state: State, minutes: number][] {
  const minutes = new Map<State, number>();
  for (const letter of hour) {
    const state = STATE_OF[letter];
    if (state) {
      minutes.set(state, (minutes.get(state) ?? 0) + 1);
    }
  }
  return [...minutes].sort(([, one], [, other]) => other - one);
}

/** One path for each state that occurs, in a box of 240 by 18. */
export function barsOf(hour: string): { state: State; path: string }[] {
  const paths = new Map<State, string>();
  for (const [minute, letter] of [...hour].entries()) {
    const state = STATE_OF[letter];
    if (!state || state === "offline") {
      continue; // nothing is known: nothing is drawn
    }
    const height = HEIGHT_OF[state] ?? GROUND;
    const width = height === GROUND ? WIDTH : WIDTH - 1;
    const bar = `M${minute * WIDTH} ${HEIGHT}v-${height}h${width}v${height}z`;
    paths.set(state, (paths.get(state) ?? "") + bar);
  }
  return [...paths].map(([state, path]) => ({ state, path }));
}
