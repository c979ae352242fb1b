import { expect, it } from "vitest";
import type { Delta, Snapshot } from "../wire.gen";
import { Acks } from "./acks";

const now = "2026-03-02T09:00:00Z";

function snapshot(team: number, part: number): Snapshot {
  return { t: "snapshot", team, epoch: "e", rev: 5, now, part, parts: 2, tiles: [] };
}

function delta(team: number, rev: number, people = 1): Delta {
  const tiles = Array.from({ length: people }, (_, at) => ({ person: at, name: "Ann" }));
  return { t: "delta", team, epoch: "e", rev, now, tiles, gone: [] };
}

it("acks a part of a snapshot at once: the next one waits for it", () => {
  const acks = new Acks(0);
  acks.drawn(snapshot(1, 0));

  expect(acks.due(1)).toEqual([{ t: "ack", team: 1, rev: 5, part: 0 }]);
});

it("acks deltas once a second, the newest of each team for all before it", () => {
  const acks = new Acks(0);
  acks.drawn(delta(1, 6));
  acks.drawn(delta(2, 9));
  acks.drawn(delta(1, 7));

  expect(acks.due(999)).toEqual([]);
  expect(acks.due(1_000)).toEqual([
    { t: "ack", team: 1, rev: 7, part: 0 },
    { t: "ack", team: 2, rev: 9, part: 0 },
  ]);
  expect(acks.due(2_000)).toEqual([]);
});

it("acks sooner when much has come, before the hub has sent all that it may", () => {
  const acks = new Acks(0);
  acks.drawn(delta(1, 6, 199));
  expect(acks.due(1)).toEqual([]);
  acks.drawn(delta(1, 7));

  expect(acks.due(2)).toEqual([{ t: "ack", team: 1, rev: 7, part: 0 }]);
});

it("acks the last delta with the beat that follows it, also when the clock was set back", () => {
  const acks = new Acks(10_000);
  acks.drawn(delta(1, 6));
  acks.drawn({ t: "beat", now });

  expect(acks.due(5_000)).toEqual([{ t: "ack", team: 1, rev: 6, part: 0 }]);
});
