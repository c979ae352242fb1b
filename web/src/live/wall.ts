/** From a tile and a moment to what is said of a person, in the language of the page. Pure but for that. */
import { i18n } from "../i18n/i18n";
import type { State } from "../ui/StateMark";
import { hoursMinutes, span } from "../ui/time";
import type { Tile } from "../wire.gen";
import { type Judgement, ms, type Reason, stateAt } from "./activity";
import { activeTodayS } from "./today";

/** In the order of the counts. `unknown` is called Stale: what is known is old. */
export const STATES: State[] = ["active", "passive", "idle", "locked", "break", "private", "offline", "unknown"];

export interface Row {
  person: number;
  name: string;
  state: State;
  /** The app or site, or what stands in for it. */
  what: string;
  detail: string;
  /** How long the state has held, and how old the data is; empty when unknown. */
  held: string;
  age: string;
  /** Active time of the workday, and what is expected of the whole of it; empty when unknown, or when nothing is expected. */
  today: string;
  expected: string;
  /** How much of it is done, in whole percent, at most 100; `null` when nothing is expected. */
  done: number | null;
  simulated: boolean;
}

export interface Moment {
  judgedAtMs: number;
  hubNowMs: number;
}

/** A state, why, since when, and what was when it is not known. */
export type Judged = Judgement & { was: State | null };

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

/** What is said of one person: made for those who are drawn, when they are. */
export function rowOf(tile: Tile, judged: Judged, moment: Moment): Row {
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
    simulated: tile.simulated ?? false,
  };
}

function workday(tile: Tile, atMs: number): Pick<Row, "today" | "expected" | "done"> {
  if (!tile.today) {
    return { today: "", expected: "", done: null };
  }
  const { activeS, expectedS } = workedOf(tile, atMs);
  return {
    today: hoursMinutes(activeS),
    expected: expectedS > 0 ? hoursMinutes(expectedS) : "",
    done: expectedS > 0 ? Math.min(100, Math.floor((100 * activeS) / expectedS)) : null,
  };
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
    expectedS: atMs < Date.parse(today.ends_at) ? (today.expected_s ?? 0) : 0,
  };
}

function said(tile: Tile, { state, reason, was }: Judged): { what: string; detail: string } {
  const facts = tile.facts ?? {};
  switch (state) {
    case "locked":
      return { what: i18n.t("live:what.locked"), detail: "" };
    case "break":
      return { what: i18n.t("live:what.break"), detail: "" };
    case "private":
      return { what: i18n.t("live:what.private"), detail: i18n.t("live:what.nothingCollected") };
    case "offline":
      return { what: i18n.t(tile.at ? "live:what.disconnected" : "live:what.unseen"), detail: "" };
    case "unknown":
      return { what: i18n.t(was ? `live:was.${was}` : "live:what.unheard"), detail: facts.app ?? "" };
    default: {
      const detail = facts.title ?? (facts.app ? facts.site : null) ?? doing(reason);
      return { what: facts.app ?? facts.site ?? "", detail };
    }
  }
}

function doing(reason: Reason): string {
  return reason === "call" || reason === "presentation" || reason === "media" ? i18n.t(`live:what.${reason}`) : "";
}

/** Without case and accents: `zielinski` finds Zieliński. */
export function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
