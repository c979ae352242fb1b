// @vitest-environment node
import { expect, it } from "vitest";
import { barsOf, movedOn } from "./hours";

it("moves on by itself, with the state that holds", () => {
  const hour = `${"a".repeat(58)}ip`;

  expect(movedOn(hour, 0, 59_000, "idle", null)).toBe(hour);
  expect(movedOn(hour, 0, 125_000, "locked", null)).toBe(`${"a".repeat(56)}ipll`);
  expect(movedOn(hour, 0, 99 * 60_000, "unknown", null)).toBe("o".repeat(60));
  expect(movedOn(hour, 60_000, 0, "idle", null)).toBe(hour);
});

it("takes the last minutes, of which nothing is stored yet, for what is known to be", () => {
  expect(movedOn(`${"a".repeat(59)}o`, 0, 0, "passive", null)).toBe(`${"a".repeat(59)}p`);
  expect(movedOn(`${"a".repeat(50)}${"o".repeat(10)}`, 0, 0, "active", null)).toBe(
    `${"a".repeat(50)}${"o".repeat(10)}`,
  );
  expect(movedOn("o".repeat(60), 0, 0, "active", null)).toBe("o".repeat(60));
});

it("fills what was not told as far back as the state has held, and no further", () => {
  const hour = `${"a".repeat(40)}${"o".repeat(10)}ppp${"o".repeat(7)}`;

  expect(movedOn(hour, 0, 0, "passive", -12 * 60_000)).toBe(`${"a".repeat(40)}${"o".repeat(8)}${"p".repeat(12)}`);
  expect(movedOn(hour, 0, 0, "offline", -12 * 60_000)).toBe(hour);
});

it("draws work standing, all else on the ground, and nothing where nothing is known", () => {
  expect(barsOf("aoi")).toEqual([
    { state: "active", path: "M0 18v-14h3v14z" },
    { state: "idle", path: "M8 18v-2h4v2z" },
  ]);
});
