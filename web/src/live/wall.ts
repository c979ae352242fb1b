/** From a tile and a moment to what is said of a person, in the language of the page. Pure but for that. */
import { i18n } from "../i18n/i18n";
import { expectedByS, type Pace, paceOf } from "../ui/pace";
import type { State } from "../ui/StateMark";
import { hoursMinutes, span } from "../ui/time";
import type { Tile } from "../wire.gen";
import { type Judgement, ms, type Reason, stateAt } from "./activity";
import type { Attention, Need } from "./attention";
import { activeTodayS } from "./today";

/** In the order of the counts. `unknown` is called Stale: what is known is old. */
export const STATES: State[] = ["active", "passive", "idle", "locked", "break", "private", "offline", "unknown"];

export interface Row {
  person: number;
  name: string;
  state: State;
  /** The app or site, or what stands in for it. */
  what: string;
  /** Whether it is one: then the wall can be filtered by it. */
  app: boolean;
  detail: string;
  /** How long the state has held, and how old the data is; empty when unknown. */
  held: string;
  age: string;
  /** Active time of the workday, and what is expected of the whole of it; empty when unknown, or when nothing is expected. */
  today: string;
  expected: string;
  /** What of it is expected by now; empty when nothing is, or all of it. */
  byNow: string;
  pace: Pace | null;
  /** Why somebody should look; empty when nobody needs to. */
  why: string;
  simulated: boolean;
  /** Nothing of theirs is shown: `state` says nothing then. */
  restricted: boolean;
}

export interface Moment {
  judgedAtMs: number;
  hubNowMs: number;
}

/** A state, why, since when, and what was when it is not known. */
export type Judged = Judgement & { was: State | null };

/** One person, judged. Made anew whenever anything of it changes, so that whoever draws it can compare by identity. */
export interface Entry {
  person: number;
  tile: Tile;
  team: number;
  judged: Judged;
  attention: Attention | null;
}

/** The state at a moment and since when, the facts and the link taken together. */
export function judge(tile: Tile, atMs: number): Judged {
  const saidAt = ms(tile.at);
  const limit = tile.idle_limit_s ?? 300;
  const asSaid = tile.facts ? stateAt(tile.facts, saidAt ?? atMs, limit) : null;
  const link = tile.link ?? "offline";
  if (link === "offline") {
    return { state: "offline", reason: "no_connection", sinceMs: saidAt, was: null };
  }
  if (link === "unknown" || !tile.facts) {
    return { state: "unknown", reason: "lease", sinceMs: saidAt, was: asSaid?.state ?? null };
  }
  const now = stateAt(tile.facts, atMs, limit);
  // As the device saw it, if it holds still; else it turned by itself, and the facts say when.
  const sinceMs = now.state === asSaid?.state ? (ms(tile.since_at) ?? now.sinceMs) : now.sinceMs;
  return { ...now, sinceMs, was: null };
}

/** The last that was said of each: while somebody scrolls, lines are drawn again and again at the same moment. */
const lastRows = new WeakMap<Entry, { moment: Moment; row: Row }>();

/** What is said of one person: made for those who are drawn, when they are. The same object, pace and all, for as long as it says the same. */
export function rowOf(entry: Entry, moment: Moment): Row {
  const last = lastRows.get(entry);
  if (last?.moment === moment) {
    return last.row;
  }
  const made = madeRow(entry, moment);
  const row = last && says(last.row, made) ? last.row : made;
  lastRows.set(entry, { moment, row });
  return row;
}

function says(one: Row, other: Row): boolean {
  const { pace, ...words } = one;
  return (
    isSame(words, other) && (pace === other.pace || (pace !== null && other.pace !== null && isSame(pace, other.pace)))
  );
}

function isSame<Fields extends object>(one: Fields, other: Fields): boolean {
  return (Object.keys(one) as (keyof Fields)[]).every((key) => one[key] === other[key]);
}

function madeRow({ tile, judged, attention }: Entry, moment: Moment): Row {
  const saidAt = ms(tile.at);
  const held = judged.sinceMs === null ? "" : span((moment.judgedAtMs - judged.sinceMs) / 1000);
  return {
    person: tile.person,
    name: tile.name,
    state: judged.state,
    ...said(tile, judged),
    held: judged.state === "unknown" ? "" : held,
    age: saidAt === null || judged.state === "offline" ? "" : span((moment.hubNowMs - saidAt) / 1000),
    ...workday(tile, moment.judgedAtMs),
    why: attention ? whyOf(attention.need, tile, judged, moment.judgedAtMs) : "",
    simulated: tile.simulated ?? false,
    restricted: tile.restricted ?? false,
  };
}

function workday(tile: Tile, atMs: number): Pick<Row, "today" | "expected" | "byNow" | "pace"> {
  const { today } = tile;
  if (!today) {
    return { today: "", expected: "", byNow: "", pace: null };
  }
  const { activeS, expectedS } = workedOf(tile, atMs);
  const byNowS = expectedByS({ ...today, expected_s: expectedS }, atMs);
  return {
    today: hoursMinutes(activeS),
    expected: expectedS > 0 ? hoursMinutes(expectedS) : "",
    byNow: byNowS > 0 && byNowS < expectedS ? hoursMinutes(byNowS) : "",
    pace: paceOf(activeS, byNowS, expectedS),
  };
}

function whyOf(need: Need, tile: Tile, judged: Judged, atMs: number): string {
  if (need === "idle") {
    return i18n.t("live:why.idle", { span: span((atMs - (judged.sinceMs ?? atMs)) / 1000) });
  }
  const { activeS, expectedS } = workedOf(tile, atMs);
  return i18n.t("live:why.overtime", { span: span(activeS - expectedS) });
}

/** Active time of the workday and what is expected of the whole of it, in seconds. */
export function workedOf(tile: Tile, atMs: number): { activeS: number; expectedS: number } {
  const { today } = tile;
  if (!today) {
    return { activeS: 0, expectedS: 0 };
  }
  const facts = tile.link === "live" ? (tile.facts ?? null) : null;
  return {
    activeS: activeTodayS(today, facts, tile.since_at, tile.idle_limit_s ?? 300, atMs),
    // What is expected belongs to the workday that was told: of the next one nothing is known yet.
    expectedS: atMs < ms(today.ends_at) ? (today.expected_s ?? 0) : 0,
  };
}

function said(tile: Tile, { state, reason, was }: Judged): Pick<Row, "what" | "detail" | "app"> {
  const facts = tile.facts ?? {};
  switch (state) {
    case "locked":
      return { what: i18n.t("live:what.locked"), app: false, detail: "" };
    case "break":
      return { what: i18n.t("live:what.break"), app: false, detail: "" };
    case "private":
      return { what: i18n.t("live:what.private"), app: false, detail: i18n.t("live:what.nothingCollected") };
    case "offline":
      if (tile.restricted) {
        return { what: i18n.t("live:what.restricted"), app: false, detail: "" };
      }
      return { what: i18n.t(tile.at ? "live:what.disconnected" : "live:what.unseen"), app: false, detail: "" };
    case "unknown":
      return { what: i18n.t(was ? `live:was.${was}` : "live:what.unheard"), app: false, detail: facts.app ?? "" };
    default: {
      const detail = facts.title ?? (facts.app ? facts.site : null) ?? doing(reason);
      const what = facts.app ?? facts.site ?? "";
      return { what, app: what !== "", detail };
    }
  }
}

function doing(reason: Reason): string {
  return reason === "call" || reason === "presentation" || reason === "media" ? i18n.t(`live:what.${reason}`) : "";
}
