import { useEffect, useEffectEvent, useRef, useState } from "react";
import { request } from "../http/request";
import { movedOn } from "./hours";
import type { Entry, Moment } from "./wall";

/** As the hub takes them. */
const PEOPLE_MAX = 200;
const ASK_MS = 500;
const FRESH_MS = 90_000;
const AGAIN_MS = 15_000;

interface Told {
  letters: string;
  untilMs: number;
}

interface Hours {
  until_at: string;
  hours: Record<string, string>;
}

/**
 * The last hour of those who are drawn, as letters: asked for in one call once they stay on the screen, and again when it has grown old.
 * In between it is moved on by the states that are known. When it can't be had, tiles do without.
 */
export function useHours(moment: Moment): (entry: Entry) => string | undefined {
  const [told, setTold] = useState<ReadonlyMap<number, Told>>(new Map());
  const drawn = useRef(new Set<number>());
  const notBeforeMs = useRef(0);
  const asking = useRef<{ people: number[]; aborting: AbortController } | null>(null);

  const ask = useEffectEvent(async () => {
    const nowMs = moment.hubNowMs;
    const wanted = [...drawn.current].filter((person) => nowMs - (told.get(person)?.untilMs ?? 0) > FRESH_MS);
    const { current } = asking;
    if (current && drawn.current.size > 0 && !current.people.some((person) => drawn.current.has(person))) {
      current.aborting.abort(); // All of them were scrolled away.
      asking.current = null;
    }
    drawn.current.clear();
    if (wanted.length === 0 || asking.current || document.hidden || Date.now() < notBeforeMs.current) {
      return;
    }
    const aborting = new AbortController();
    const people = wanted.slice(0, PEOPLE_MAX);
    asking.current = { people, aborting };
    const call = { path: "/api/hours", method: "POST", body: { people } } as const;
    const { data } = (await request(call, aborting.signal)) as { data?: Hours };
    if (aborting.signal.aborted) {
      return;
    }
    asking.current = null;
    if (!data) {
      notBeforeMs.current = Date.now() + AGAIN_MS;
      return;
    }
    const untilMs = Date.parse(data.until_at);
    setTold((before) => {
      const next = new Map(before);
      for (const person of people) {
        next.set(person, { letters: data.hours[person] ?? "", untilMs });
      }
      return next;
    });
  });

  useEffect(() => {
    const timer = setInterval(ask, ASK_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => () => asking.current?.aborting.abort(), []);

  return ({ person, judged }) => {
    drawn.current.add(person);
    const known = told.get(person);
    return known && movedOn(known.letters, known.untilMs, moment.judgedAtMs, judged.state, judged.sinceMs);
  };
}
