// @vitest-environment node
import { describe, expect, it } from "vitest";
import table from "../../../hub/wire/cases/today.json";
import type { Facts, Today } from "../wire.gen";
import { activeTodayS } from "./today";

/** The same table as the hub's own tests: the two must never disagree about a figure. */
describe("active_today_s", () => {
  it.each(table.active_today_s)("$name", (row) => {
    const today = { ...table.workday, ...row.today } as Today;
    const since = "since_at" in row ? row.since_at : null;

    expect(activeTodayS(today, row.facts as Facts | null, since, 300, Date.parse(row.at))).toBe(row.active_s);
  });
});
