import { memo } from "react";
import type { State } from "../ui/StateMark";
import { barsOf } from "./hours";
import css from "./Sparkline.module.css";

/** The last hour, a bar a minute: its colour is the state that held most of it, its height what kind of state that is. */
export const Sparkline = memo(function Sparkline({ hour, state }: { hour: string | undefined; state: State }) {
  return (
    <svg
      className={css.spark}
      data-stale={state === "unknown" || undefined}
      viewBox="0 0 240 18"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {barsOf(hour ?? "").map(({ state, path }) => (
        <path key={state} className={`s-${state}`} d={path} />
      ))}
    </svg>
  );
});
