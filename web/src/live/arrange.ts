/** In which order and under which headings people stand on the wall. Pure. */

import { fold } from "../ui/fold";
import type { State } from "../ui/StateMark";
import { ms } from "./activity";
import type { Board } from "./board";
import { compareNames } from "./names";
import { type Entry, STATES, workedOf } from "./wall";

/** The first ones are for every density; the heads of the table sort by the others too. */
export const SORTS = ["attention", "name", "state", "longest", "today", "team", "app", "expected", "age"] as const;
export const MENU_SORTS = SORTS.slice(0, 5);
export type Sort = (typeof SORTS)[number];
export const GROUPS = ["team", "state", "none"] as const;
export type Grouping = (typeof GROUPS)[number];

export interface Filter {
  /** A state, or those who need somebody to look. */
  state: State | "attention" | null;
  text: string;
  team: number | null;
  app: string | null;
}

export const EVERYBODY: Filter = { state: null, text: "", team: null, app: null };

export interface Section {
  key: string;
  kind: "attention" | "team" | "state" | "restricted" | "all";
  /** The team's id, when it is one; the state, when it is one. */
  team: number | null;
  state: State | null;
  people: number[];
  /** Whom the heading speaks of, filtered or not. */
  total: number;
}

/** Sections with somebody in them. With `attention` those who need somebody stand above all groups, the furthest beyond first. */
export function arrange(
  board: Board,
  filter: Filter,
  sort: Sort,
  grouping: Grouping,
  atMs: number,
  reversed = false,
): Section[] {
  const teams = [...board.teams.values()].filter((team) => filter.team === null || team.id === filter.team);
  const passes = passing(board, filter);
  const above: number[] = [];
  const rest = new Map<number, number[]>();
  for (const team of teams) {
    const staying: number[] = [];
    for (const person of team.people) {
      const entry = board.people.get(person);
      if (entry?.team === team.id && passes(entry)) {
        (sort === "attention" && entry.attention ? above : staying).push(person);
      }
    }
    rest.set(team.id, staying);
  }
  const sections: Section[] = [];
  if (above.length > 0) {
    above.sort((one, other) => from(board, one) - from(board, other) || one - other);
    sections.push({ key: "attention", kind: "attention", team: null, state: null, people: above, total: above.length });
  }
  return sections
    .concat(grouped(board, teams, rest, grouping, order(board, sort, reversed, atMs)))
    .filter((section) => section.people.length > 0);
}

function grouped(
  board: Board,
  teams: { id: number; people: number[] }[],
  rest: Map<number, number[]>,
  grouping: Grouping,
  compare: ((one: number, other: number) => number) | null,
): Section[] {
  if (grouping === "team") {
    return teams.map(({ id, people }) => {
      const staying = rest.get(id) ?? [];
      return {
        key: `team/${id}`,
        kind: "team",
        team: id,
        state: null,
        people: compare ? staying.sort(compare) : staying,
        total: people.length,
      };
    });
  }
  const together = [...rest.values()].flat();
  const everybody = compare ? together.sort(compare) : inPlace(board, together);
  if (grouping === "none") {
    const total = teams.reduce((sum, { people }) => sum + people.length, 0);
    return [{ key: "all", kind: "all", team: null, state: null, people: everybody, total }];
  }
  const byState = new Map<State, number[]>(STATES.map((state) => [state, []]));
  const restricted: number[] = [];
  for (const person of everybody) {
    const entry = board.people.get(person);
    (entry?.tile.restricted ? restricted : byState.get(entry?.judged.state ?? "offline"))?.push(person);
  }
  const states = STATES.map((state): Section => {
    const people = byState.get(state) ?? [];
    return { key: `state/${state}`, kind: "state", team: null, state, people, total: board.counts[state] };
  });
  return states.concat({
    key: "restricted",
    kind: "restricted",
    team: null,
    state: null,
    people: restricted,
    total: board.restricted,
  });
}

function passing(board: Board, { state, text, app }: Filter): (entry: Entry) => boolean {
  const wanted = fold(text.trim());
  return ({ person, tile, judged, attention }) =>
    (state === null || (!tile.restricted && (state === "attention" ? attention !== null : judged.state === state))) &&
    (app === null || tile.facts?.app === app || tile.facts?.site === app) &&
    (wanted === "" || board.mentions(person, wanted));
}

type Compare = (one: number, other: number) => number;

/** `null`: by name, as teams are already. */
function order(board: Board, sort: Sort, reversed: boolean, atMs: number): Compare | null {
  const compare = comparing(board, sort, atMs);
  if (!reversed || sort === "attention") {
    return compare;
  }
  const forth: Compare = compare ?? ((one, other) => byName(board, one, other));
  return (one, other) => forth(other, one);
}

function comparing(board: Board, sort: Sort, atMs: number): Compare | null {
  const entry = (person: number) => board.people.get(person);
  const byFigure = (figure: (entry: Entry) => number): Compare => {
    const figures = new Map([...board.people].map(([person, of]) => [person, figure(of)]));
    return (one, other) => (figures.get(other) ?? 0) - (figures.get(one) ?? 0) || byName(board, one, other);
  };
  const byWord = (word: (entry: Entry) => string): Compare => {
    const words = new Map([...board.people].map(([person, of]) => [person, word(of)]));
    return (one, other) => inWords(words.get(one) ?? "", words.get(other) ?? "") || byName(board, one, other);
  };
  switch (sort) {
    case "attention":
    case "name":
      return null;
    case "state": {
      const place = (person: number) => {
        const of = entry(person);
        return of?.tile.restricted ? STATES.length : STATES.indexOf(of?.judged.state ?? "offline");
      };
      return (one, other) => place(one) - place(other) || byName(board, one, other);
    }
    case "longest": {
      const since = (person: number) => entry(person)?.judged.sinceMs ?? Infinity;
      return (one, other) => since(one) - since(other) || byName(board, one, other);
    }
    case "today":
      return byFigure(({ tile }) => workedOf(tile, atMs).activeS);
    case "expected":
      return byFigure(({ tile }) => workedOf(tile, atMs).expectedS);
    case "age":
      return byFigure(({ tile }) => atMs - (ms(tile.at) ?? atMs));
    case "team":
      return byWord(({ team }) => board.teams.get(team)?.name ?? "");
    case "app":
      return byWord(({ tile }) => tile.facts?.app ?? tile.facts?.site ?? "");
  }
}

/** Who has none comes last. */
function inWords(one: string, other: string): number {
  return one === "" || other === "" ? Number(one === "") - Number(other === "") : compareNames(one, other);
}

function from(board: Board, person: number): number {
  return board.people.get(person)?.attention?.fromMs ?? Infinity;
}

/** By name: each team is already, all of them together are not. Sorting thousands would take ten times as long. */
function inPlace(board: Board, people: number[]): number[] {
  const places: number[] = [];
  for (const person of people) {
    places[board.placeOf(person)] = person;
  }
  return places.filter((person) => person !== undefined); // of those in between nobody passes
}

function byName(board: Board, one: number, other: number): number {
  return board.placeOf(one) - board.placeOf(other);
}
