// @vitest-environment node
import { expect, it } from "vitest";
import type { Tile } from "../wire.gen";
import { arrange, EVERYBODY, type Filter, type Grouping, type Sort } from "./arrange";
import { Board } from "./board";
import type { Team } from "./slice";

const AT = Date.parse("2026-03-02T10:00:00Z");
const ago = (s: number) => new Date(AT - s * 1000).toISOString();

function person(id: number, name: string, idleS: number, more: Partial<Tile> = {}): Tile {
  return {
    person: id,
    name,
    link: "live",
    facts: { app: "VS Code", last_input_at: ago(idleS) },
    at: ago(idleS),
    ...more,
  };
}

function team(id: number, name: string, tiles: Tile[]): Team {
  const byPerson = new Map(tiles.map((tile) => [tile.person, tile]));
  const order = tiles.map((tile) => tile.person);
  return { id, name, epoch: "e", rev: 1, tiles: byPerson, order, arriving: null, fresh: true };
}

const TEAMS = [
  team(7, "Cards", [
    person(1, "Ann", 2, { since_at: ago(600) }),
    person(2, "Bob", 4000),
    person(3, "Cleo", 1, { facts: { app: "Figma", last_input_at: ago(1) }, since_at: ago(30) }),
  ]),
  team(8, "Payments", [person(4, "Abe", 2500), person(5, "Zoe", 1, { facts: { locked: true }, since_at: ago(90) })]),
];

function shown(filter: Partial<Filter>, sort: Sort = "name", grouping: Grouping = "team") {
  const board = new Board();
  board.update(TEAMS, AT);
  const sections = arrange(board, { ...EVERYBODY, ...filter }, sort, grouping, AT);
  return sections.map(({ key, people }) => `${key}: ${people.join(" ")}`);
}

it("shows teams in their order with people by name", () => {
  expect(shown({})).toEqual(["team/7: 1 2 3", "team/8: 4 5"]);
});

it("puts those who need somebody above, the longest first, and takes them out of their teams", () => {
  expect(shown({}, "attention")).toEqual(["attention: 2 4", "team/7: 1 3", "team/8: 5"]);
});

it("filters by state, attention, text, team and app, and leaves out who is left with nobody", () => {
  expect(shown({ state: "locked" })).toEqual(["team/8: 5"]);
  expect(shown({ state: "attention" })).toEqual(["team/7: 2", "team/8: 4"]);
  expect(shown({ text: "figm" })).toEqual(["team/7: 3"]);
  expect(shown({ team: 8 })).toEqual(["team/8: 4 5"]);
  expect(shown({ app: "VS Code", team: 7 })).toEqual(["team/7: 1 2"]);
  expect(shown({ text: "nobody of this name" })).toEqual([]);
});

it("groups by state, or not at all, by name over all teams", () => {
  expect(shown({}, "name", "state")).toEqual(["state/active: 1 3", "state/idle: 4 2", "state/locked: 5"]);
  expect(shown({}, "name", "none")).toEqual(["all: 4 1 2 3 5"]);
});

it("by state gives who is restricted a place of their own, after all states", () => {
  const board = new Board();
  const restricted = person(6, "Ada", 1, { link: "offline", facts: null, restricted: true });
  board.update([team(7, "Cards", [restricted, person(1, "Ann", 2), person(2, "Bob", 1, { link: "offline" })])], AT);
  const totals = arrange(board, EVERYBODY, "name", "state", AT).map(({ key, people, total }) => [key, people, total]);

  expect(totals).toEqual([
    ["state/active", [1], 1],
    ["state/offline", [2], 1],
    ["restricted", [6], 1],
  ]);
  expect(arrange(board, EVERYBODY, "state", "none", AT)[0]?.people).toEqual([1, 2, 6]);
});

it("says of how many those are who are left of all, or of a team", () => {
  const board = new Board();
  board.update(TEAMS, AT);
  const total = (filter: Partial<Filter>) => arrange(board, { ...EVERYBODY, ...filter }, "name", "none", AT)[0]?.total;

  expect([total({}), total({ state: "idle" }), total({ state: "locked", team: 8 })]).toEqual([5, 5, 2]);
});

it("sorts by how long a state has held, longest first", () => {
  expect(shown({}, "longest", "none")).toEqual(["all: 2 4 1 5 3"]);
});

it("sorts by state and by what was worked today", () => {
  expect(shown({}, "state", "none")).toEqual(["all: 1 3 4 2 5"]);
  const board = new Board();
  const today = (active_s: number) => ({ today: { starts_at: ago(9000), ends_at: ago(-9000), active_s } });
  board.update([team(7, "Cards", [person(1, "Ann", 4000, today(60)), person(2, "Bob", 4000, today(600))])], AT);

  expect(arrange(board, EVERYBODY, "today", "team", AT)[0]?.people).toEqual([2, 1]);
});

it("sorts the other way round, and by app, team and age", () => {
  const board = new Board();
  board.update(TEAMS, AT);
  const by = (sort: Sort, reversed: boolean) => arrange(board, EVERYBODY, sort, "none", AT, reversed)[0]?.people;

  expect(by("name", true)).toEqual([5, 3, 2, 1, 4]);
  expect(by("longest", true)).toEqual([3, 5, 1, 4, 2]);
  expect(by("app", false)).toEqual([3, 4, 1, 2, 5]);
  expect(by("team", false)).toEqual([1, 2, 3, 4, 5]);
  expect(by("age", false)).toEqual([2, 4, 1, 3, 5]);
});
