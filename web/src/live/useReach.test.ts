// @vitest-environment node
import { expect, it } from "vitest";
import { neighbour } from "./useReach";

const ROWS = [[1, 2, 3], [4], [5, 6, 7]];

it.each([
  ["ArrowRight", 3, 4],
  ["ArrowLeft", 4, 3],
  ["ArrowDown", 2, 4],
  ["ArrowDown", 4, 5],
  ["ArrowUp", 7, 4],
  ["Home", 6, 1],
  ["End", 1, 7],
])("%s leads from %i to %i", (key, from, to) => {
  expect(neighbour(ROWS, from, key, false)).toBe(to);
});

it("leads nowhere beyond the ends, by other keys, and the other way round from right to left", () => {
  expect(neighbour(ROWS, 7, "ArrowRight", false)).toBeNull();
  expect(neighbour(ROWS, 1, "ArrowUp", false)).toBeNull();
  expect(neighbour(ROWS, 1, "a", false)).toBeNull();
  expect(neighbour(ROWS, 1, "ArrowLeft", true)).toBe(2);
});
