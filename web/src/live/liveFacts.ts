/** What the wall knows of somebody at this second, for what stands beside it. Pure. */
import type { State } from "../ui/StateMark";
import { ms } from "./activity";
import type { Board } from "./board";
import { type Moment, rowOf } from "./wall";

export interface LiveFacts {
  state: State;
  /** Since when the state holds, by this computer's clock; `null` when unknown. */
  sinceMs: number | null;
  what: string;
  detail: string;
  /** Of the data; `null` when there is none. */
  ageMs: number | null;
  stale: boolean;
}

/** `undefined`: they are not on the wall. */
export function liveFactsOf(board: Board, person: number, moment: Moment): LiveFacts | undefined {
  const entry = board.people.get(person);
  if (!entry) {
    return undefined;
  }
  const { state, what, detail } = rowOf(entry, moment);
  const offsetMs = moment.hubNowMs - Date.now();
  const saidMs = ms(entry.tile.at);
  return {
    state,
    sinceMs: entry.judged.sinceMs === null ? null : entry.judged.sinceMs - offsetMs,
    what,
    detail,
    ageMs: saidMs === null ? null : Math.max(0, moment.hubNowMs - saidMs),
    stale: state === "unknown",
  };
}
