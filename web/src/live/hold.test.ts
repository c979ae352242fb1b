// @vitest-environment node
import { expect, it } from "vitest";
import type { Section } from "./arrange";
import { hold } from "./hold";

const section = (key: string, people: number[]): Section => {
  return { key, kind: "team", team: null, state: null, people, total: people.length };
};
const shown = (sections: Section[]) => sections.map(({ key, people }) => `${key}: ${people.join(" ")}`);
const everybody = () => true;

it("keeps everybody where they were, whatever the order would be now", () => {
  const before = [section("attention", [2]), section("a", [1, 3])];

  expect(shown(hold(before, [section("a", [3, 2, 1])], everybody))).toEqual(["attention: 2", "a: 1 3"]);
});

it("adds who is new at the end of their section, and a new section at the end", () => {
  const before = [section("a", [1, 3])];
  const now = [section("new", [9]), section("a", [0, 1, 3])];

  expect(shown(hold(before, now, everybody))).toEqual(["a: 1 3 0", "new: 9"]);
});

it("lets go of who is no longer there, and of what is then empty", () => {
  const before = [section("a", [1, 3]), section("b", [4])];

  expect(shown(hold(before, [section("a", [1])], (person) => person === 1))).toEqual(["a: 1"]);
});
