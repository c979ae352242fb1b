// @vitest-environment node
import { expect, it } from "vitest";
import { matching, spoken } from "./zones";

const ZONES = [
  "Africa/Cairo",
  "America/New_York",
  "America/North_Dakota/Center",
  "Asia/Kuala_Lumpur",
  "Europe/Oslo",
  "UTC",
];

it.each([
  ["new york", ["America/New_York"]],
  ["NEW_Y", ["America/New_York"]],
  ["ósl", ["Europe/Oslo"]],
  ["lump asia", ["Asia/Kuala_Lumpur"]],
  ["nowhere", []],
])("%j finds %j", (typed, found) => {
  expect(matching(ZONES, typed, 50)).toEqual(found);
});

it("puts those first in which a word begins so", () => {
  expect(matching(["Asia/Macao", "Africa/Cairo"], "ca", 50)).toEqual(["Africa/Cairo", "Asia/Macao"]);
});

it("lists no more than it may, and all of few", () => {
  expect(matching(ZONES, "", 2)).toEqual(["Africa/Cairo", "America/New_York"]);
  expect(matching(ZONES, "", 50)).toEqual(ZONES);
});

it("is read without underscores", () => {
  expect(spoken("America/North_Dakota/New_Salem")).toBe("America/North Dakota/New Salem");
});
