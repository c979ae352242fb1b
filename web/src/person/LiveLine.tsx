import { useTranslation } from "react-i18next";
import type { Day } from "../day/api";
import { type State, StateMark } from "../ui/StateMark";
import { clock, span } from "../ui/time";
import { useNow } from "../ui/useNow";
import css from "./LiveLine.module.css";

/** What the wall knows of the person at this second. */
export interface LiveFacts {
  state: State;
  /** Since when the state holds, by this computer's clock; `null` when unknown. */
  sinceMs: number | null;
  /** The app or site or what stands in for it, and what else there is to say. */
  what: string;
  detail: string;
  /** Of the data; `null` when there is none. */
  ageMs: number | null;
  stale: boolean;
}

/** The state now, how long it has held, in what, and how old that is. Where the wall tells nothing: the last that is stored. */
export function LiveLine({ day, live }: { day: Day; live: LiveFacts | undefined }) {
  const { t } = useTranslation("person");
  const now = useNow(1000);
  if (!live) {
    const last = day.hour.at(-1);
    return (
      <p className={css.line}>
        {last ? <StateMark state={last.state} /> : null}
        <span>{last ? t("live.stored", { time: clock(last.ended_at) }) : t("live.nothing")}</span>
      </p>
    );
  }
  const { state, sinceMs, what, detail, ageMs, stale } = live;
  const held = sinceMs === null || stale ? "" : span((now - sinceMs) / 1000);
  return (
    <p className={css.line} data-stale={stale || undefined}>
      <StateMark state={stale ? "unknown" : state} />
      {held && <span>{held}</span>}
      <span className={css.what}>{[what, detail].filter(Boolean).join(" · ")}</span>
      {ageMs !== null && <span className={css.age}>{t("live.age", { span: span(ageMs / 1000) })}</span>}
    </p>
  );
}
