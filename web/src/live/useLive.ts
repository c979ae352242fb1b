import { useEffect, useRef, useState } from "react";
import { useStore } from "react-redux";
import type { LiveState } from "./slice";

/** Beyond so many people a wall is drawn four times a second at most: who changes is one of many then, and no eye follows more. */
export const MANY = 1_000;
const MANY_MS = 250;
/** While thousands come, team by team: drawing those who are here would only keep the others waiting. */
const COMING_MS = 1_000;
/** Nor does drawing take more than a quarter of the time, on a machine for which thousands are much. */
const REST = 3;
const MANY_MAX_MS = 1_000;
/** Whoever scrolled this lately does so still: then once a second is enough, and most frames have nothing else to do. */
const SCROLLING_MS = 200;

/**
 * What is live, as it is to be drawn: at once while people are few, and whatever the connection, the first people, everybody's coming or
 * staleness has to say. What changes among thousands is gathered; the store and the acks don't wait for it.
 */
export function useLive(): LiveState {
  const store = useStore<{ live: LiveState }>();
  const [live, setLive] = useState(() => store.getState().live);
  const drawnAtMs = useRef(0);
  const tookMs = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each time it was drawn
  useEffect(() => {
    tookMs.current = performance.now() - drawnAtMs.current;
  }, [live]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was drawn first is where it begins
  useEffect(() => {
    let drawn = live;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    let scrolledAtMs = -Infinity;

    function scrolled() {
      scrolledAtMs = performance.now();
    }

    function draw() {
      clearTimeout(waiting);
      waiting = undefined;
      drawn = store.getState().live;
      drawnAtMs.current = performance.now();
      setLive(drawn);
    }

    function changed() {
      const next = store.getState().live;
      if (next === drawn) {
        return;
      }
      const nowMs = performance.now();
      const paceMs = paceOf(next, tookMs.current, nowMs - scrolledAtMs < SCROLLING_MS);
      const waitMs = cannotWait(drawn, next) ? 0 : drawnAtMs.current + paceMs - nowMs;
      if (waitMs <= 0) {
        draw();
      } else {
        waiting ??= setTimeout(draw, waitMs);
      }
    }

    changed(); // since it was read
    const unsubscribe = store.subscribe(changed);
    addEventListener("scroll", scrolled, { passive: true });
    return () => {
      unsubscribe();
      removeEventListener("scroll", scrolled);
      clearTimeout(waiting);
    };
  }, [store]);
  return live;
}

/** Whether the snapshot of every team has come. */
export function isWhole({ teams }: LiveState): boolean {
  return teams?.every((team) => team.epoch !== null) ?? false;
}

/** Whether there is anybody to show. */
export function isPeopled({ teams }: LiveState): boolean {
  return teams?.some((team) => team.order.length > 0) ?? false;
}

/** How many people there will be once everybody has come: as many in each team that is still to come as in those that are here. */
export function expectedPeople({ teams }: LiveState): number {
  const come = teams?.filter((team) => team.epoch !== null || team.order.length > 0) ?? [];
  const people = come.reduce((sum, team) => sum + team.order.length, 0);
  return come.length === 0 ? 0 : Math.round((people * (teams?.length ?? 0)) / come.length);
}

function cannotWait(before: LiveState, now: LiveState): boolean {
  return (
    before.link !== now.link ||
    before.staleSinceMs !== now.staleSinceMs ||
    isWhole(before) !== isWhole(now) ||
    isPeopled(before) !== isPeopled(now)
  );
}

function paceOf(live: LiveState, tookMs: number, scrolling: boolean): number {
  if (expectedPeople(live) <= MANY) {
    return 0;
  }
  if (!isWhole(live)) {
    return COMING_MS;
  }
  return scrolling ? MANY_MAX_MS : Math.min(MANY_MAX_MS, Math.max(MANY_MS, tookMs * (1 + REST)));
}
