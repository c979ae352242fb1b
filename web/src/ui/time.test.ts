import { describe, expect, it } from "vitest";
import { i18n, speak } from "../i18n/i18n";
import { countdown, dayAndClock, number, span } from "./time";

describe("figures and times", () => {
  it("are written as English has them", () => {
    expect([12, 1560, 5520, 200_000, -3].map(span)).toEqual(["12 s", "26 min", "1 h 32", "2 d", "0 s"]);
    expect(countdown(598)).toBe("9:58");
    expect(number(12_345)).toBe("12,345");
    expect(dayAndClock("2026-03-02T10:05:00Z", "Europe/Warsaw")).toBe("2 Mar 2026, 11:05");
    expect(dayAndClock("2026-03-02T10:05:00Z", "Nowhere/City")).toMatch(/^\d+ Mar 2026, \d\d:05$/);
    expect(i18n.t("ui:people", { count: 2000 })).toBe("2,000 people");
  });

  it("are written as Arabic has them, with each of its plurals", async () => {
    await speak("ar");

    expect([12, 1560, 5520, 200_000].map(span)).toEqual(["12 ث", "26 د", "1 س 32", "2 ي"]);
    expect([0, 1, 2, 3, 11, 100].map((count) => i18n.t("ui:people", { count }))).toEqual([
      "لا أحد",
      "شخص واحد",
      "شخصان",
      "3 أشخاص",
      "11 شخصًا",
      "100 شخص",
    ]);
  });
});
