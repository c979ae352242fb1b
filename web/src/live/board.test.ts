// @vitest-environment node
import { expect, it } from "vitest";
import type { Tile } from "../wire.gen";
import { LONG_IDLE_S, OVERTIME_S } from "./attention";
import { Board } from "./board";
import type { Team } from "./slice";

const AT = Date.parse("2026-03-02T10:00:00Z");
const ago = (s: number) => new Date(AT - s * 1000).toISOString();

function team(tiles: Tile[], id = 1, name = "Payments"): Team {
  const byPerson = new Map(tiles.map((tile) => [tile.person, tile]));
  const order = tiles.map((tile) => tile.person);
  return { id, name, epoch: "e", rev: 1, tiles: byPerson, order, arriving: null, fresh: true };
}

const ann: Tile = {
  person: 1,
  name: "Ann",
  link: "live",
  facts: { app: "VS Code", last_input_at: ago(1) },
  at: ago(1),
};
const bob: Tile = { person: 2, name: "Bob", link: "live", facts: { locked: true }, at: ago(60), since_at: ago(60) };

function states(board: Board) {
  return [...board.people.values()].map(({ person, judged }) => [person, judged.state]);
}

it("counts everybody once by state", () => {
  const board = new Board();
  board.update([team([ann, bob]), team([{ ...ann, person: 3 }], 2, "Cards")], AT);

  expect(board.people.size).toBe(3);
  expect(board.counts).toMatchObject({ active: 2, locked: 1, idle: 0 });
});

it("counts who is restricted apart: in what state they are, nobody is told", () => {
  const board = new Board();
  board.update([team([ann, { ...bob, link: "offline", restricted: true }])], AT);
  expect(board.counts).toMatchObject({ active: 1, offline: 0 });
  expect(board.restricted).toBe(1);
  board.update([team([ann, bob])], AT);

  expect(board.counts).toMatchObject({ active: 1, locked: 1 });
  expect(board.restricted).toBe(0);
});

it("judges anew only who changed, and whom time changes", () => {
  const board = new Board();
  const first = team([ann, bob]);
  board.update([first], AT);
  const [annBefore, bobBefore] = [board.people.get(1), board.people.get(2)];

  expect(board.update([first], AT + 200_000)).toBe(false);
  expect(board.people.get(1)).toBe(annBefore);
  expect(board.update([first], AT + 299_001)).toBe(true);
  expect(states(board)).toEqual([
    [1, "idle"],
    [2, "locked"],
  ]);
  expect(board.people.get(2)).toBe(bobBefore);
  expect(board.counts).toMatchObject({ active: 0, idle: 1, locked: 1 });
});

it("judges anew when the clock steps back: what had turned idle has not yet", () => {
  const board = new Board();
  const only = [team([ann])];
  board.update(only, AT + 400_000);
  board.update(only, AT);

  expect(states(board)).toEqual([[1, "active"]]);
});

it("lets go of who left and of teams that are gone, and finds who moved in their new team, whichever is told first", () => {
  const board = new Board();
  board.update([team([ann, bob]), team([], 2, "Cards")], AT);
  board.update([team([bob]), team([ann], 2, "Cards")], AT);
  expect(board.people.get(1)?.team).toBe(2);

  board.update([team([bob, ann]), team([ann], 2, "Cards")], AT); // told of the new one before the old one lets go
  board.update([team([bob, ann]), team([], 2, "Cards")], AT);
  expect(board.people.get(1)?.team).toBe(1);

  board.update([team([], 2, "Cards")], AT);
  expect(board.people.size).toBe(0);
  expect(Object.values(board.counts).every((count) => count === 0)).toBe(true);
});

it("finds by name, team, app, site and title, without case or accents, also after any of them changed", () => {
  const board = new Board();
  board.update([team([{ ...ann, name: "Ann Zieliński" }], 1, "Payments")], AT);
  expect(["zielinski", "payments", "vs code"].map((text) => board.mentions(1, text))).toEqual([true, true, true]);
  expect(board.mentions(1, "figma")).toBe(false);

  board.update([team([{ ...ann, facts: { app: "Figma" } }], 1, "Cards")], AT);
  expect(["figma", "cards", "payments"].map((text) => board.mentions(1, text))).toEqual([true, true, false]);
});

it("notices a long idleness at its moment, without a message", () => {
  const board = new Board();
  const idle = [team([{ ...ann, facts: { last_input_at: ago(LONG_IDLE_S - 10) }, at: ago(0) }])];
  board.update(idle, AT);
  expect(board.attention).toBe(0);
  board.update(idle, AT + 10_000);

  expect(board.attention).toBe(1);
  expect(board.people.get(1)?.attention).toEqual({ need: "idle", fromMs: AT + 10_000 });
});

it("notices overtime while somebody works on, and lets them be once they stop", () => {
  const board = new Board();
  const today = {
    starts_at: ago(36_000),
    ends_at: new Date(AT + 50_000_000).toISOString(),
    active_s: 28_800 + OVERTIME_S - 60,
    counted_until: ago(0),
    expected_s: 28_800,
  };
  const working = { ...ann, facts: { last_input_at: ago(0) }, at: ago(0), today };
  board.update([team([working])], AT);
  expect(board.attention).toBe(0);
  board.update([team([working])], AT + 61_000);
  expect(board.people.get(1)?.attention?.need).toBe("overtime");
  board.update([team([{ ...working, facts: { locked: true } }])], AT + 62_000);

  expect(board.attention).toBe(0);
});

it("says the same as a new board, after any number of changes", () => {
  let seed = 11;
  const random = (n: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  const board = new Board();
  const held = new Map<number, Tile[]>([1, 2, 3].map((id) => [id, []]));
  let teams: Team[] = [];
  for (let step = 0; step < 400; step++) {
    const person = random(30);
    const id = 1 + random(3);
    for (const [other, tiles] of held) {
      held.set(
        other,
        tiles.filter((tile) => tile.person !== person),
      );
    }
    if (random(5) > 0) {
      const facts = [{ last_input_at: ago(random(4000) - step) }, { locked: true }, { private: true }][random(3)] ?? {};
      held.get(id)?.push({ person, name: `P${person}`, link: random(6) ? "live" : "offline", facts, at: ago(-step) });
    }
    teams = [...held].map(([number, tiles]) => {
      const before = teams.find((team) => team.id === number);
      return before &&
        before.order.length === tiles.length &&
        tiles.every((tile) => before.tiles.get(tile.person) === tile)
        ? before
        : team([...tiles], number);
    });
    board.update(teams, AT + step * 1000);
  }
  const fresh = new Board();
  fresh.update(teams, AT + 399_000);

  const told = (of: Board) =>
    [...of.people.values()]
      .map(({ person, team, judged, attention }) => ({ person, team, judged, need: attention?.need }))
      .sort((a, b) => a.person - b.person);
  expect(told(board)).toEqual(told(fresh));
  expect(board.counts).toEqual(fresh.counts);
  expect(board.attention).toBe(fresh.attention);
});

it("knows where everybody stands by name, in all teams together, after each coming, going and renaming", () => {
  const board = new Board();
  const byName = () => [...board.people.keys()].sort((one, other) => board.placeOf(one) - board.placeOf(other));
  const cleo = { ...ann, person: 3, name: "Cleo" };
  const cards = team([{ ...ann, person: 4, name: "Abe" }], 2, "Cards");

  board.update([team([ann, cleo]), cards], AT);
  expect(byName()).toEqual([4, 1, 3]);
  board.update([team([ann, bob, cleo]), cards], AT);
  expect(byName()).toEqual([4, 1, 2, 3]);
  board.update([team([{ ...cleo, name: "Aaron" }, ann, bob]), cards], AT);
  expect(byName()).toEqual([3, 4, 1, 2]);
  board.update([team([ann])], AT);
  expect(byName()).toEqual([1]);
});
