// @vitest-environment node
import { expect, it } from "vitest";
import type { Team } from "./api";
import { options, pathOf, placed, under } from "./tree";

const team = (id: number, parent: number | null, name = `Team ${id}`): Team => ({
  id,
  name,
  parent,
  people: 0,
  below: 0,
  managers: [],
  version: 1,
});
/** By name, as the hub gives them. */
const TEAMS = [team(3, 2, "API"), team(1, null, "Halden"), team(2, 1, "Payments"), team(4, 1, "Support")];

it("puts each team below the one above it", () => {
  expect(placed(TEAMS).map(({ team: { name }, depth }) => `${depth} ${name}`)).toEqual([
    "0 Halden",
    "1 Payments",
    "2 API",
    "1 Support",
  ]);
});

it("loses no team whose parent is missing", () => {
  expect(placed([team(5, 99)]).map(({ team: { id }, depth }) => [id, depth])).toEqual([[5, 0]]);
});

it("names a team by its path, as an import reads it", () => {
  expect([1, 2, 3].map((id) => pathOf(TEAMS, id))).toEqual(["Halden", "Payments", "Payments / API"]);
});

it("knows what lies under a team, itself included", () => {
  expect([...under(TEAMS, 2)].sort()).toEqual([2, 3]);
  expect(options(TEAMS, under(TEAMS, 2)).map(([id]) => id)).toEqual(["1", "4"]);
});
