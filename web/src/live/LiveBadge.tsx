import { span } from "../ui/time";
import { useNow } from "../ui/useNow";
import { type Freshness, freshnessOf } from "./freshness";
import css from "./LiveBadge.module.css";
import type { LiveState } from "./slice";

/** Not a divisor of the second in which the hub beats, or the age would stand still. */
const TICK_MS = 700;

const WORDS = { live: "Live", reconnecting: "Reconnecting", stale: "Stale" };

const MEANING = {
  live: "Connected. The time is how long ago the hub was last heard.",
  reconnecting: "The connection was lost a moment ago and is being made again.",
  stale:
    "The hub is not heard, or cannot vouch for what is shown. The picture is as old as this says; the page keeps trying.",
};

/** Connection and age of the data. Only the word is announced: the age changes every second. */
export function LiveBadge({ live }: { live: LiveState }) {
  const { word, ageMs } = freshnessOf(live, useNow(TICK_MS));
  return (
    <span className={css.badge} data-live={word} title={MEANING[word]}>
      <span role="status">{wordOf(live, word)}</span>
      {ageMs !== null && <span className={css.age}>{word === "live" ? tenths(ageMs) : span(ageMs / 1000)}</span>}
    </span>
  );
}

function wordOf({ link, currentAtMs }: LiveState, word: Freshness["word"]): string {
  if (link === "stopped") {
    return "Stopped";
  }
  return currentAtMs === null ? "Connecting" : WORDS[word];
}

function tenths(ms: number): string {
  return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
}
