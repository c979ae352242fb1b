import css from "./PaceBar.module.css";
import type { Pace } from "./pace";

/** Fill: worked. Notch: expected by now. End: expected. Hatch: over. Ink without a meaning: ahead or behind is not a state. The words stand beside it. */
export function PaceBar({ pace }: { pace: Pace }) {
  const { done, notch, over } = pace;
  return (
    <span className={css.pace} aria-hidden="true">
      <i className={css.done} style={{ inlineSize: `${over ?? done}%` }} />
      {over !== null && <i className={css.over} style={{ insetInlineStart: `${over}%` }} />}
      <i className={css.notch} style={{ insetInlineStart: `${notch}%` }} />
    </span>
  );
}
