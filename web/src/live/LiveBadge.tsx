import { useTranslation } from "react-i18next";
import { i18n } from "../i18n/i18n";
import { number, span } from "../ui/time";
import { useNow } from "../ui/useNow";
import { type Freshness, freshnessOf } from "./freshness";
import css from "./LiveBadge.module.css";
import type { LiveState } from "./slice";

/** Not a divisor of the second in which the hub beats, or the age would stand still. */
const TICK_MS = 700;

/** Connection and age of the data. Only the word is announced: the age changes every second. */
export function LiveBadge({ live }: { live: LiveState }) {
  const { t } = useTranslation("live");
  const { word, ageMs } = freshnessOf(live, useNow(TICK_MS));
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
