import { configureStore } from "@reduxjs/toolkit";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { Provider } from "react-redux";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ToViewer } from "../wire.gen";
import { framesDrawn, linkChanged, liveSlice } from "./slice";
import { expectedPeople, useLive } from "./useLive";

const NOW = "2026-03-02T10:00:00Z";
const tiles = (from: number, count: number, app: string) =>
  Array.from({ length: count }, (_, i) => ({ person: from + i, name: `Person ${from + i}`, facts: { app } }));
const teams = (count: number): ToViewer => {
  return {
    t: "teams",
    now: NOW,
    teams: Array.from({ length: count }, (_, i) => ({ id: i + 1, name: `Team ${i + 1}` })),
  };
};
const snapshot = (team: number, count: number): ToViewer => {
  return {
    t: "snapshot",
    team,
    epoch: "e",
    rev: 1,
    now: NOW,
    part: 0,
    parts: 1,
    tiles: tiles(team * 10_000, count, "Mail"),
  };
};
const delta = (rev: number, app: string): ToViewer => {
  return { t: "delta", team: 1, epoch: "e", rev, now: NOW, tiles: tiles(10_000, 1, app), gone: [] };
};

const makeStore = () =>
  configureStore({
    reducer: { live: liveSlice.reducer },
    middleware: (defaults) => defaults({ serializableCheck: false, immutableCheck: false }),
  });
let store: ReturnType<typeof makeStore>;

function drawn() {
  const wrapper = ({ children }: { children: ReactNode }) => <Provider store={store}>{children}</Provider>;
  return renderHook(() => useLive(), { wrapper }).result;
}

function say(...frames: ToViewer[]) {
  act(() => void store.dispatch(framesDrawn(frames.map((frame) => ({ frame, atMs: Date.parse(NOW) })))));
}

const app = (live: ReturnType<typeof useLive>) => live.teams?.[0]?.tiles.get(10_000)?.facts?.app;

beforeEach(() => {
  vi.useFakeTimers();
  store = makeStore();
  return () => vi.useRealTimers();
});

describe("what is drawn of the live state", () => {
  it("is each change of a few people at once", () => {
    const live = drawn();
    say(teams(1), snapshot(1, 40));
    say(delta(2, "Editor"));

    expect(app(live.current)).toBe("Editor");
  });

  it("is what changed among thousands four times a second, and the newest of it then", () => {
    const live = drawn();
    say(teams(1), snapshot(1, 1_001));
    say(delta(2, "Editor"));
    say(delta(3, "Terminal"));

    expect(app(live.current)).toBe("Mail");
    act(() => void vi.advanceTimersByTime(250));
    expect(app(live.current)).toBe("Terminal");
    say(delta(4, "Chat"));
    expect(app(live.current)).toBe("Terminal");
    expect(store.getState().live.teams?.[0]?.rev).toBe(4);
  });

  it("is what changed among thousands once a second while somebody scrolls", () => {
    const live = drawn();
    say(teams(1), snapshot(1, 1_001));
    act(() => void vi.advanceTimersByTime(250));
    act(() => void window.dispatchEvent(new Event("scroll")));
    say(delta(2, "Editor"));

    act(() => void vi.advanceTimersByTime(700));
    expect(app(live.current)).toBe("Mail");
    act(() => void vi.advanceTimersByTime(50));
    expect(app(live.current)).toBe("Editor");
    say(delta(3, "Chat"));
    act(() => void vi.advanceTimersByTime(250));
    expect(app(live.current)).toBe("Chat");
  });

  it("is the first who come and then everybody, where thousands come team by team", () => {
    const live = drawn();
    const here = () => live.current.teams?.filter((team) => team.epoch !== null).length;
    say(teams(3), snapshot(1, 600));
    expect(here()).toBe(1);
    say(snapshot(2, 600));
    act(() => void vi.advanceTimersByTime(400));
    expect(here()).toBe(1);
    say(snapshot(3, 600));
    expect(here()).toBe(3);
  });

  it("is drawn more rarely where drawing takes long", () => {
    const slowly = () => {
      const live = useLive();
      vi.advanceTimersByTime(live.teams ? 100 : 0);
      return live;
    };
    const wrapper = ({ children }: { children: ReactNode }) => <Provider store={store}>{children}</Provider>;
    const { result } = renderHook(slowly, { wrapper });
    say(teams(1), snapshot(1, 1_001));
    say(delta(2, "Editor"));

    act(() => void vi.advanceTimersByTime(290));
    expect(app(result.current)).toBe("Mail");
    act(() => void vi.advanceTimersByTime(20));
    expect(app(result.current)).toBe("Editor");
  });

  it("is a lost link, staleness and everybody's coming at once, however many people there are", () => {
    const live = drawn();
    say(teams(2), snapshot(1, 1_001));
    expect(live.current.teams?.[0]?.order).toHaveLength(1_001);
    say(snapshot(2, 1));
    expect(live.current.teams?.[1]?.order).toHaveLength(1);
    say({ t: "stale", since_at: NOW });
    expect(live.current.staleSinceMs).toBe(Date.parse(NOW));
    act(() => void store.dispatch(linkChanged("waiting")));
    expect(live.current.link).toBe("waiting");
  });

  it("is nothing any more once it is not on the screen", () => {
    const wrapper = ({ children }: { children: ReactNode }) => <Provider store={store}>{children}</Provider>;
    const { unmount } = renderHook(() => useLive(), { wrapper });
    say(teams(1), snapshot(1, 1_001));
    say(delta(2, "Editor"));
    unmount();

    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("how many people there will be", () => {
  it("is reckoned from the teams that have come, and exact once all have", () => {
    const live = drawn();
    say(teams(4));
    expect(expectedPeople(live.current)).toBe(0);
    say(snapshot(1, 30));
    expect(expectedPeople(live.current)).toBe(120);
    say(snapshot(2, 10), snapshot(3, 0), snapshot(4, 2));
    expect(expectedPeople(live.current)).toBe(42);
  });
});
