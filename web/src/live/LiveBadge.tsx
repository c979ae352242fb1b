import { useTranslation } from "react-i18next";
import { i18n } from "../i18n/i18n";
import { number, span } from "../ui/time";
import { useNow } from "../ui/useNow";
import { type Freshness, freshnessOf } from "./freshness";
import css from "./LiveBadge.module.css";
import type { LiveState } from "./slice";

/** Not a divisor of the second in which the hub beats, or the age would stand still. */
const TICK_MS = 700;

/** Connection and age of the data. Only the word is announced: the age changes every second. `paused`: since when the picture stands. */
export function LiveBadge({ live, paused }: { live: LiveState; paused: number | null }) {
  const { t } = useTranslation("live");
  const now = useNow(TICK_MS);
  const { word, ageMs } = freshnessOf(live, now);
  if (paused !== null) {
    return (
      <span className={css.badge} data-live="paused" title={t("meaning.paused")}>
        <span role="status">{t("badge.paused")}</span>
        <span className={css.age}>{span((now - paused) / 1000)}</span>
      </span>
    );
  }
  return (
    <span className={css.badge} data-live={word} title={t(`meaning.${word}`)}>
      <span role="status">{t(`badge.${wordOf(live, word)}`)}</span>
      {ageMs !== null && <span className={css.age}>{word === "live" ? tenths(ageMs) : span(ageMs / 1000)}</span>}
    </span>
  );
}

function wordOf(
  { link, currentAtMs }: LiveState,
  word: Freshness["word"],
): Freshness["word"] | "stopped" | "connecting" {
  if (link === "stopped") {
    return "stopped";
  }
  return currentAtMs === null ? "connecting" : word;
}

function tenths(ms: number): string {
  return i18n.t("ui:span.seconds", { s: number(Math.floor(ms / 100) / 10, { minimumFractionDigits: 1 }) });
}
