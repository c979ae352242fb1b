// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { Tile } from "../wire.gen";
import { judge, rowOf as rowOfTile } from "./wall";

const AT = Date.parse("2026-03-02T10:00:00Z");
const ago = (s: number) => new Date(AT - s * 1000).toISOString();
const moment = { judgedAtMs: AT, hubNowMs: AT };

function rowOf(said: Partial<Tile>) {
  const tile: Tile = { person: 1, name: "Ann Zieliński", link: "live", ...said };
  return rowOfTile({ person: 1, tile, team: 1, judged: judge(tile, AT), attention: null }, moment);
}

describe("a row", () => {
  it("counts its state from when the device saw it begin", () => {
    const row = rowOf({ facts: { app: "VS Code", last_input_at: ago(3) }, at: ago(2), since_at: ago(22 * 60) });

    expect(row).toMatchObject({ state: "active", what: "VS Code", held: "22 min", age: "2 s" });
  });

  it("turns idle by itself, and has then been idle since the last input", () => {
    const tile = { facts: { app: "VS Code", last_input_at: ago(301) }, at: ago(290), since_at: ago(4000) };

    expect(rowOf(tile)).toMatchObject({ state: "idle", held: "5 min", age: "4 min" });
    expect(rowOf({ ...tile, idle_limit_s: 600 })).toMatchObject({ state: "active", held: "1 h 06" });
  });

  it("shows the title when policy let it through, else the site", () => {
    const facts = { app: "Firefox", site: "docs.example", last_input_at: ago(1) };

    expect(rowOf({ facts }).detail).toBe("docs.example");
    expect(rowOf({ facts: { ...facts, title: "Notes" } }).detail).toBe("Notes");
  });

  it("whose hub is not heard says what was, and not for how long", () => {
    const row = rowOf({ link: "unknown", facts: { app: "VS Code", last_input_at: ago(250) }, at: ago(247) });

    expect(row).toMatchObject({ state: "unknown", what: "Was active", detail: "VS Code", held: "", age: "4 min" });
  });

  it("without a connected device is offline, whatever its facts were", () => {
    const row = rowOf({ link: "offline", facts: { app: "VS Code", last_input_at: ago(1) }, at: ago(7200) });

    expect(row).toMatchObject({ state: "offline", what: "No device connected", held: "2 h 00" });
  });

  it("of who is restricted says so, and nothing else", () => {
    const row = rowOf({ link: "offline", restricted: true });

    expect(row).toMatchObject({ restricted: true, what: "Nothing of theirs is shown", held: "", age: "", today: "" });
  });

  it("tells the workday so far with its tail, and what is expected of the whole", () => {
    const today = {
      starts_at: "2026-03-02T00:00:00Z",
      ends_at: "2026-03-03T00:00:00Z",
      active_s: 7100,
      counted_until: ago(160),
      expected_s: 28800,
    };
    const live = { facts: { last_input_at: ago(100) }, at: ago(100), today };

    // 7,100 s, and 160 s since then: 2 h 01. Of 8 h a quarter; at ten, of 9:00 to 17:00, an eighth is expected.
    expect(rowOf(live)).toMatchObject({ today: "2 h 01", expected: "8 h 00", byNow: "1 h 00" });
    expect(rowOf(live).pace).toMatchObject({ done: 25.2, notch: 12.5, over: null });
    expect(rowOf({ ...live, link: "offline" })).toMatchObject({ today: "1 h 58" });
    expect(rowOf({ ...live, today: { ...today, expected_s: 0 } })).toMatchObject({ expected: "", byNow: "" });
    expect(rowOf({ ...live, today: null })).toMatchObject({ today: "", pace: null });
    expect(rowOf({ ...live, today: { ...today, ends_at: ago(1) } })).toMatchObject({ today: "0 h 00", expected: "" });
  });

  it("of private time tells nothing else", () => {
    const row = rowOf({ facts: { private: true, app: "VS Code", title: "Secret" }, at: ago(1) });

    expect(row).toMatchObject({ state: "private", what: "Private time", detail: "nothing is collected" });
  });
});

it("takes what the wire leaves out for its default: offline, five minutes", () => {
  expect(judge({ person: 1, name: "Ann" }, AT)).toMatchObject({ state: "offline" });
  expect(judge({ person: 1, name: "Ann", link: "live", facts: { last_input_at: ago(300) } }, AT).state).toBe("active");
});

it("says a row once for an entry and a moment, and anew for another moment", () => {
  const tile: Tile = { person: 1, name: "Ann", link: "live", facts: { last_input_at: ago(3) }, at: ago(2) };
  const entry = { person: 1, tile, team: 1, judged: judge(tile, AT), attention: null };
  const row = rowOfTile(entry, moment);

  expect(rowOfTile(entry, moment)).toBe(row);
  expect(rowOfTile(entry, { judgedAtMs: AT, hubNowMs: AT + 60_000 }).age).not.toBe(row.age);
});
