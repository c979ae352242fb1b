import { memo } from "react";
import { i18n } from "../i18n/i18n";
import type { State } from "../ui/StateMark";
import { list, span } from "../ui/time";
import { barsOf, minutesOf } from "./hours";
import css from "./Sparkline.module.css";

/** The last hour, a bar a minute: its colour is the state that held most of it, its height what kind of state that is. */
export const Sparkline = memo(function Sparkline({ hour, state }: { hour: string | undefined; state: State }) {
  return (
    <svg
      className={css.spark}
      data-stale={state === "unknown" || undefined}
      viewBox="0 0 240 18"
      preserveAspectRatio="none"
      role={hour ? "img" : undefined}
      aria-label={hour ? wordsOf(hour) : undefined}
      aria-hidden={hour ? undefined : true}
    >
      {barsOf(hour ?? "").map(({ state, path }) => (
        <path key={state} className={`s-${state}`} d={path} />
      ))}
    </svg>
  );
});

/** `Last hour: 42 min active, 18 min idle`. */
function wordsOf(hour: string): string {
  const states = minutesOf(hour).map(([state, minutes]) =>
    i18n.t("live:spark.minutes", { span: span(minutes * 60), state: i18n.t(`ui:state.${state}`).toLocaleLowerCase() }),
  );
  return i18n.t("live:spark.words", { states: list(states) });
}
