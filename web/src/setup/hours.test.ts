// @vitest-environment node
import { expect, it } from "vitest";
import { asTyped, minutesOf, sameWeek } from "./hours";

it.each([
  ["7:30", 450],
  ["7.5", 450],
  ["7,5", 450],
  [" 7 h 30 ", 450],
  ["7h30min", 450],
  ["7h", 420],
  ["8", 480],
  ["0", 0],
  ["", 0],
  [".25", 15],
  ["7.33", 440],
  ["24", 1440],
  ["٧:٣٠", 450],
  ["۷٫۵", 450],
  ["24:01", null],
  ["25", null],
  ["7:60", null],
  ["-1", null],
  ["eight", null],
  ["7:30:00", null],
])("%j is %s minutes", (typed, minutes) => {
  expect(minutesOf(typed)).toBe(minutes);
});

it("writes what it reads", () => {
  expect([0, 5, 450, 1440].map(asTyped)).toEqual(["0:00", "0:05", "7:30", "24:00"]);
  expect([0, 5, 450, 1440].map((minutes) => minutesOf(asTyped(minutes)))).toEqual([0, 5, 450, 1440]);
});

it("tells weeks apart, also one that is not clear yet", () => {
  const week = [480, 480, 480, 480, 480, 0, 0];

  expect(sameWeek([...week], week)).toBe(true);
  expect(sameWeek([null, ...week.slice(1)], week)).toBe(false);
});
