/** From teams and a moment to what the rows say, in the language of the page. Pure but for that; run once a second and at each drawn frame. */
import { i18n } from "../i18n/i18n";
import { hoursMinutes, span } from "../ui/time";
import type { Tile } from "../wire.gen";
import type { State } from "../ui/StateMark";
import { type Judgement, ms, type Reason, stateAt } from "./activity";
import type { Team } from "./slice";
import { activeTodayS } from "./today";

/** In the order of the counts. `unknown` is called Stale: what is known is old. */
export const STATES: State[] = ["active", "passive", "idle", "locked", "break", "private", "offline", "unknown"];

export interface Row {
  key: string;
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

export interface Group {
  team: number;
  name: string;
  people: number;
  rows: Row[];
}

export interface Moment {
  judgedAtMs: number;
  hubNowMs: number;
}

export interface Filter {
  state: State | null;
  text: string;
}

export interface Wall {
  groups: Group[];
  people: number;
  counts: Record<State, number>;
}

export function wallOf(teams: Team[], moment: Moment, filter: Filter): Wall {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
  const counted = new Set<number>();
  const wanted = fold(filter.text.trim());
  const groups = teams.map((team): Group => {
    const rows: Row[] = [];
    for (const person of team.order) {
      const tile = team.tiles[person];
      if (!tile) {
        continue;
      }
      const judged = judge(tile, moment.judgedAtMs);
      if (!counted.has(person)) {
        counted.add(person); // A member of two teams is shown in both and counted once.
        counts[judged.state] += 1;
      }
      if ((filter.state === null || filter.state === judged.state) && matches(tile, team.name, wanted)) {
        rows.push(rowOf(tile, team.id, judged, moment));
      }
    }
    return { team: team.id, name: team.name, people: team.order.length, rows };
  });
  return { groups, people: counted.size, counts };
}

/** The state at a moment and since when, the facts and the link taken together. */
export function judge(tile: Tile, atMs: number): Judgement & { was: State | null } {
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

function rowOf(tile: Tile, team: number, judged: ReturnType<typeof judge>, moment: Moment): Row {
  const saidAt = ms(tile.at);
  const held = judged.sinceMs === null ? "" : span((moment.judgedAtMs - judged.sinceMs) / 1000);
  return {
    key: `${team}/${tile.person}`,
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
  const { today } = tile;
  if (!today) {
    return { today: "", expected: "", done: null };
  }
  const facts = tile.link === "live" ? (tile.facts ?? null) : null;
  const activeS = activeTodayS(today, facts, tile.since_at, tile.idle_limit_s ?? 300, atMs);
  // What is expected belongs to the workday that was told: of the next one nothing is known yet.
  const expectedS = atMs < Date.parse(today.ends_at) ? (today.expected_s ?? 0) : 0;
  return {
    today: hoursMinutes(activeS),
    expected: expectedS > 0 ? hoursMinutes(expectedS) : "",
    done: expectedS > 0 ? Math.min(100, Math.floor((100 * activeS) / expectedS)) : null,
  };
}

function said(tile: Tile, { state, reason, was }: ReturnType<typeof judge>): { what: string; detail: string } {
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

function matches(tile: Tile, team: string, wanted: string): boolean {
  if (wanted === "") {
    return true;
  }
  const { app, site, title } = tile.facts ?? {};
  return [tile.name, team, app, site, title].some((text) => text && fold(text).includes(wanted));
}

/** Without case and accents: `zielinski` finds Zieliński. */
function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
