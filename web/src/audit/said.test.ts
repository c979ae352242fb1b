import { describe, expect, it } from "vitest";
import { speak } from "../i18n/i18n";
import "../i18n/en/audit";
import { detailsSaid } from "./said";

describe("what a row says", () => {
  it("is hours and switches in words, and no braces", () => {
    const hours = { days: [0, 1, 2, 3, 4], from_min: 480, until_min: 1080 };
    const always = { days: [0, 1, 2, 3, 4, 5, 6], from_min: 0, until_min: 1440 };

    expect(
      detailsSaid({ changed: { hours: { old: always, new: hours }, title: { old: null, new: true } }, sitting: "x" }),
    ).toEqual([
      ["hours", "at any time → Mon–Fri 08:00–18:00"],
      ["titles", "nothing → on"],
    ]);
  });

  it("points the way that is read", async () => {
    await speak("ar");
    expect(detailsSaid({ changed: { app: { old: true, new: false } } })).toEqual([["التطبيقات", "مفعّل ← معطّل"]]);
    await speak("en");
  });
});
