// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { Delta, Snapshot, Tile, ToViewer } from "../wire.gen";
import { framesDrawn, type LiveState, liveSlice } from "./slice";

const NOW = "2026-03-02T10:00:00Z";
const TEAMS: ToViewer = { t: "teams", teams: [{ id: 1, name: "Payments" }], now: NOW };

const tile = (person: number, name = `Person ${person}`, app = "VS Code"): Tile => ({ person, name, facts: { app } });
const snapshot = (rev: number, tiles: Tile[], epoch = "e1", part = 0, parts = 1): Snapshot => {
  return { t: "snapshot", team: 1, epoch, rev, now: NOW, part, parts, tiles };
};
const delta = (rev: number, tiles: Tile[], gone: number[] = [], epoch = "e1"): Delta => {
  return { t: "delta", team: 1, epoch, rev, now: NOW, tiles, gone };
};

function told(...frames: ToViewer[]): LiveState {
  const heard = frames.map((frame) => ({ frame, atMs: Date.parse(NOW) }));
  return liveSlice.reducer(undefined, framesDrawn(heard));
}

function team(state: LiveState) {
  const [first] = state.teams ?? [];
  if (!first) {
    throw new Error("no team");
  }
  return first;
}

describe("snapshot and deltas", () => {
  it("are shown as their pieces come, and current only once the snapshot is whole", () => {
    const half = told(TEAMS, snapshot(1, [tile(2)], "e1", 0, 2));
    const whole = told(TEAMS, snapshot(1, [tile(2)], "e1", 0, 2), snapshot(1, [tile(1)], "e1", 1, 2));

    expect(team(half).order).toEqual([2]);
    expect(half.currentAtMs).toBeNull();
    expect(team(whole).order).toEqual([1, 2]);
    expect(whole.currentAtMs).toBe(Date.parse(NOW));
  });

  it("take away who is no longer there with the snapshot's last piece", () => {
    const again = [TEAMS, snapshot(4, [tile(1, "Ann", "Newer")], "e2", 0, 2)];
    const half = told(TEAMS, snapshot(1, [tile(1, "Ann"), tile(3)]), ...again);
    const whole = told(TEAMS, snapshot(1, [tile(1, "Ann"), tile(3)]), ...again, snapshot(4, [tile(2)], "e2", 1, 2));

    expect(team(half).order).toEqual([1, 3]);
    expect(team(half).tiles.get(1)?.facts?.app).toBe("Newer");
    expect(team(whole).order).toEqual([1, 2]);
  });

  it("leave every state as it was before them, and whom they don't touch the same", () => {
    const steps: ToViewer[][] = [
      [TEAMS, snapshot(1, [tile(1), tile(2)])],
      [snapshot(2, [tile(1)], "e2", 0, 2)],
      [delta(3, [tile(1, "Ann", "Editor")], [], "e2"), snapshot(2, [tile(2)], "e2", 1, 2)],
      [delta(4, [tile(1, "Ann", "Mail")], [], "e2")],
      [delta(5, [], [1], "e2")],
    ];
    let state = liveSlice.getInitialState();
    for (const frames of steps) {
      const before = state;
      const copy = structuredClone(before);
      state = liveSlice.reducer(before, framesDrawn(frames.map((frame) => ({ frame, atMs: 0 }))));

      expect(before).toEqual(copy);
    }
    const old = liveSlice.reducer(state, framesDrawn([{ frame: delta(5, [tile(1)], [], "e2"), atMs: 0 }]));
    const newer = liveSlice.reducer(state, framesDrawn([{ frame: delta(6, [tile(1)], [], "e2"), atMs: 0 }]));

    expect(team(old)).toBe(team(state));
    expect(team(newer).tiles.get(2)).toBe(team(state).tiles.get(2));
  });

  it("make a fresh snapshot, whatever came in between", () => {
    let seed = 7;
    const random = (n: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % n;
    };
    const truth = new Map<number, Tile>();
    const deltas = Array.from({ length: 300 }, (_, i) => {
      const person = random(40);
      if (random(4) === 0) {
        truth.delete(person);
        return delta(i + 2, [], [person]);
      }
      const changed = tile(person, `Name ${random(9)}`, `App ${i}`);
      truth.set(person, changed);
      return delta(i + 2, [changed]);
    });

    const applied = team(told(TEAMS, snapshot(1, []), ...deltas));
    const fresh = team(told(TEAMS, snapshot(301, [...truth.values()])));
    expect(applied).toEqual(fresh);
  });

  it("heard twice, or late, change nothing", () => {
    const newer = delta(3, [tile(1, "Ann", "Newer")]);
    const state = told(TEAMS, snapshot(1, [tile(1, "Ann")]), newer, delta(2, [tile(1, "Ann", "Late")]), newer);

    expect(team(state).tiles.get(1)?.facts?.app).toBe("Newer");
    expect(team(state).rev).toBe(3);
  });

  it("of another epoch wait for that epoch's snapshot", () => {
    const first = [TEAMS, snapshot(9, [tile(1, "Ann", "Old")]), delta(1, [tile(1, "Ann", "Other")], [], "e2")];
    const before = told(...first);
    const then = told(...first, snapshot(1, [tile(1, "Ann", "Fresh")], "e2"));

    expect(team(before).tiles.get(1)?.facts?.app).toBe("Old");
    expect(team(then)).toMatchObject({ epoch: "e2", rev: 1 });
    expect(team(then).tiles.get(1)?.facts?.app).toBe("Fresh");
  });

  it("that overtake a snapshot's last piece are applied after it", () => {
    const state = told(
      TEAMS,
      snapshot(5, [tile(1)], "e1", 0, 2),
      delta(6, [tile(1, "Ann", "Newer")]),
      snapshot(5, [tile(2)], "e1", 1, 2),
    );

    expect(team(state).tiles.get(1)?.facts?.app).toBe("Newer");
    expect(team(state).rev).toBe(6);
  });

  it("keep people in the order of their names", () => {
    const state = told(
      TEAMS,
      snapshot(1, [tile(1, "Örjan"), tile(2, "ann"), tile(3, "Zoë")]),
      delta(2, [tile(4, "Bo")]),
    );

    expect(team(state).order).toEqual([2, 4, 1, 3]);
  });
});

describe("the link", () => {
  it("keeps the last picture over a reconnection until the new one is whole", () => {
    const state = told(TEAMS, snapshot(1, [tile(1)]), TEAMS);

    expect([...team(state).tiles.keys()]).toEqual([1]);
  });

  it("calls what it holds current only when this connection has sent all of it", () => {
    const first = told(TEAMS, snapshot(1, [tile(1)]));
    const later = (frame: ToViewer) => ({ frame, atMs: Date.parse(NOW) + 9_000 });
    const reconnected = liveSlice.reducer(first, framesDrawn([later(TEAMS), later({ t: "beat", now: NOW })]));
    const whole = liveSlice.reducer(reconnected, framesDrawn([later(snapshot(1, [tile(1)]))]));

    expect(reconnected.currentAtMs).toBe(Date.parse(NOW));
    expect(whole.currentAtMs).toBe(Date.parse(NOW) + 9_000);
  });

  it("forgets teams that the viewer may no longer see", () => {
    const state = told(TEAMS, snapshot(1, [tile(1)]), { t: "teams", teams: [], now: NOW });

    expect(state.teams).toEqual([]);
  });

  it("takes the least delayed frame for the hub's clock", () => {
    const at = Date.parse(NOW);
    const beat: ToViewer = { t: "beat", now: NOW };
    const state = liveSlice.reducer(
      undefined,
      framesDrawn([400, 30, 900].map((delay) => ({ frame: beat, atMs: at - 10_000 + delay }))),
    );

    expect(state.clockOffsetMs).toBe(9_970);
  });

  it("is stale from when the hub says until it says otherwise", () => {
    const stale = told({ t: "stale", since_at: NOW });

    expect(stale.staleSinceMs).toBe(Date.parse(NOW));
    expect(liveSlice.reducer(stale, framesDrawn([{ frame: { t: "stale" }, atMs: 0 }])).staleSinceMs).toBeNull();
  });
});
