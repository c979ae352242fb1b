import { expect, it } from "vitest";
import { hoursSaid, hoursWritten, timeOf, weekday } from "./hours";

it("says days that follow each other as one", () => {
  const said = (days: number[]) => hoursSaid({ days, from_min: 9 * 60, until_min: 17 * 60 + 30 });

  expect(said([0, 1, 2, 3, 4])).toBe("Mon–Fri 09:00–17:30");
  expect(said([0, 2, 3])).toBe("Mon, Wed, Thu 09:00–17:30");
  expect(said([0, 1, 2, 5, 6])).toBe("Mon–Wed, Sat, Sun 09:00–17:30");
});

it("is written to a file as an import reads it", () => {
  expect(hoursWritten({ days: [0, 1, 2, 3, 6], from_min: 22 * 60, until_min: 6 * 60 + 5 })).toBe(
    "Mon-Thu, Sun 22:00-06:05",
  );
});

it("begins the week on Monday, and the day at midnight", () => {
  expect([0, 6].map((day) => weekday(day, "long"))).toEqual(["Monday", "Sunday"]);
  expect([0, 1439].map(timeOf)).toEqual(["00:00", "23:59"]);
});
