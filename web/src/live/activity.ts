/**
 * What facts mean at an instant: the twin of `state_at` in hub/wire/activity.py, held to the same table of cases
 * (hub/wire/cases/activity.json). Here so that a row turns idle by itself, without a message.
 */
import type { State } from "../ui/StateMark";
import type { Facts } from "../wire.gen";

export type Reason =
  | "input"
  | "call"
  | "media"
  | "presentation"
  | "silence"
  | "lock"
  | "sleep"
  | "break"
  | "private"
  | "no_connection"
  | "lease";

/** A state, why, and since when in ms (`null`: since the facts began). */
export interface Judgement {
  state: State;
  reason: Reason;
  sinceMs: number | null;
}

/** The state at `atMs`, given the latest facts. Without a known input a person is not active. */
export function stateAt(facts: Facts, atMs: number, idleLimitS: number): Judgement {
  // What outranks input: said by the person, then by the machine.
  if (facts.private) {
    return { state: "private", reason: "private", sinceMs: null };
  }
  if (facts.on_break) {
    return { state: "break", reason: "break", sinceMs: null };
  }
  if (facts.locked) {
    return { state: "locked", reason: "lock", sinceMs: null };
  }
  const silentSince = ms(facts.last_input_at);
  if (silentSince !== null && atMs - silentSince <= idleLimitS * 1000) {
    return { state: "active", reason: "input", sinceMs: null };
  }
  if (facts.call) {
    return { state: "passive", reason: "call", sinceMs: silentSince };
  }
  if (facts.presenting) {
    return { state: "passive", reason: "presentation", sinceMs: silentSince };
  }
  if (facts.media) {
    return { state: "passive", reason: "media", sinceMs: silentSince };
  }
  return { state: "idle", reason: "silence", sinceMs: silentSince };
}

/** Times that were read last: those of a tile are asked for a dozen times, the bounds of a workday for everybody. Reading one takes 0.5 us. */
const read = new Map<string, number>();
const READ_MAX = 1_000;

/** A time of the wire, in ms. */
export function ms(time: string): number;
export function ms(time: string | null | undefined): number | null;
export function ms(time: string | null | undefined): number | null {
  if (!time) {
    return null;
  }
  const known = read.get(time);
  if (known !== undefined) {
    return known;
  }
  if (read.size >= READ_MAX) {
    read.clear();
  }
  const atMs = Date.parse(time);
  read.set(time, atMs);
  return atMs;
}
