// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { State } from "../ui/StateMark";
import type { Reason, Stretch } from "./api";
import { type Presence, piecesOf, whysOf } from "./hour";

/** Minutes of an hour that begins at 13:00. */
const at = (minute: number) => Date.parse("2026-03-03T13:00:00Z") + minute * 60_000;
const iso = (minute: number) => new Date(at(minute)).toISOString();
const was = (from: number, to: number, state: State, reason: Reason, app: string | null = null): Stretch => ({
  started_at: iso(from),
  ended_at: iso(to),
  state,
  reason,
  app,
  site: null,
  device: "0b2f",
});
const told = (hour: Stretch[], { fromMin = -600, presence = "connected" as Presence } = {}) =>
  piecesOf({ hour, from_at: iso(fromMin) }, at(60), presence);
const brief = (pieces: ReturnType<typeof told>) =>
  pieces.map((piece) => [
    (piece.startMs - at(0)) / 60_000,
    (piece.endMs - at(0)) / 60_000,
    piece.kind === "gap" ? piece.why : piece.state,
  ]);

describe("the last hour", () => {
  it("is covered exactly, and each gap says why it is one", () => {
    const pieces = told([was(-5, 10, "active", "input", "VS Code"), was(25, 59, "active", "input", "VS Code")]);

    expect(brief(pieces)).toEqual([
      [0, 10, "active"],
      [10, 25, "unconnected"],
      [25, 59, "active"],
      [59, 60, "tail"],
    ]);
  });

  it("ends without a device, not with a tail, when none is connected", () => {
    const hour = [was(0, 30, "active", "input")];

    expect(brief(told(hour, { presence: "unconnected" })).at(-1)).toEqual([30, 60, "unconnected"]);
    expect(brief(told(hour, { presence: "connected" })).at(-1)).toEqual([30, 60, "tail"]);
  });

  it("ends where the person left the viewer's teams, whoever tells of them now", () => {
    expect(brief(told([was(0, 59, "active", "input")], { presence: "left" })).at(-1)).toEqual([59, 60, "left"]);
  });

  it("is not on its way when nothing of it came", () => {
    expect(brief(told([]))).toEqual([[0, 60, "unconnected"]]);
  });

  it("tells what the viewer may not see from what nobody told", () => {
    const pieces = told([was(30, 60, "active", "input")], { fromMin: 20 });

    expect(brief(pieces)).toEqual([
      [0, 20, "outside"],
      [20, 30, "unconnected"],
      [30, 60, "active"],
    ]);
  });

  it("joins neighbours that say the same, across devices and less than a second", () => {
    const other = { ...was(20.01, 60, "active", "input", "Slack"), device: "77aa" };

    expect(brief(told([was(0, 20, "active", "input", "Slack"), other]))).toEqual([[0, 60, "active"]]);
  });

  it("knows since when there was no input, through a call and after it", () => {
    const pieces = told([
      was(0, 6, "active", "input", "VS Code"),
      was(6, 40, "passive", "call", "Meet"),
      was(40, 60, "idle", "silence", "Meet"),
    ]);

    expect(pieces.map((piece) => piece.kind === "judged" && piece.silentMs)).toEqual([null, at(6), at(6)]);
  });

  it("does not make up when a silence began that is older than the hour", () => {
    const [piece] = told([was(-10, 60, "idle", "silence")]);

    expect(piece).toMatchObject({ silentMs: at(0), silentBefore: true });
  });
});

describe("why it counts as it does", () => {
  it("is one line for each state and reason, with the apps that took longest first", () => {
    const pieces = told([
      was(0, 2, "active", "input", "Slack"),
      was(2, 20, "active", "input", "VS Code"),
      was(20, 21, "active", "input", "Slack"),
      was(21, 30, "locked", "lock"),
      was(30, 60, "locked", "sleep"),
    ]);

    expect(whysOf(pieces)).toMatchObject([
      { startMs: at(0), endMs: at(21), state: "active", apps: ["VS Code", "Slack"] },
      { startMs: at(21), endMs: at(30), reason: "lock", apps: [] },
      { startMs: at(30), endMs: at(60), reason: "sleep" },
    ]);
  });

  it("keeps apart what a gap lies between", () => {
    const pieces = told([was(0, 10, "active", "input", "Slack"), was(20, 60, "active", "input", "Figma")]);

    expect(whysOf(pieces)).toMatchObject([{ apps: ["Slack"] }, { why: "unconnected" }, { apps: ["Figma"] }]);
  });
});
