// @vitest-environment node
import { describe, expect, it } from "vitest";
import { expectedByS, hoursOf, paceOf } from "./pace";

const at = (time: string) => Date.parse(time);
const warsaw = { starts_at: "2026-03-02T23:00:00Z", ends_at: "2026-03-03T23:00:00Z", expected_s: 28_800 };

describe("what is expected by now", () => {
  it.each([
    ["before nine, nothing", "2026-03-03T07:00:00Z", 0],
    ["at noon, three hours of eight", "2026-03-03T11:00:00Z", 10_800],
    ["in the evening, all of it", "2026-03-03T19:00:00Z", 28_800],
  ])("is, %s", (_, now, expected) => {
    expect(expectedByS(warsaw, at(now))).toBe(expected);
  });

  it("begins at nine of a day of 23 hours too", () => {
    // 29 March 2026 in Warsaw: from 00:00 (+1) to 24:00 (+2).
    const spring = { starts_at: "2026-03-28T23:00:00Z", ends_at: "2026-03-29T22:00:00Z", expected_s: 28_800 };

    expect(hoursOf(spring)?.fromMs).toBe(at("2026-03-29T07:00:00Z"));
  });

  it("is nothing on a free day", () => {
    expect(expectedByS({ ...warsaw, expected_s: 0 }, at("2026-03-03T11:00:00Z"))).toBe(0);
    expect(hoursOf({ ...warsaw, expected_s: 0 })).toBeNull();
  });
});

describe("the pace bar", () => {
  it("ends at what is expected", () => {
    expect(paceOf(7_200, 10_800, 28_800)).toEqual({ done: 25, notch: 37.5, over: null });
  });

  it("ends at what was worked once that is more, and hatches what is over", () => {
    expect(paceOf(36_000, 28_800, 28_800)).toEqual({ done: 100, notch: 80, over: 80 });
  });

  it("is not drawn where nothing is expected", () => {
    expect(paceOf(600, 0, 0)).toBeNull();
    expect(paceOf(0, 0, 0)).toBeNull();
  });
});
