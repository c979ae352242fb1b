import { memo } from "react";
import { useTranslation } from "react-i18next";
import { i18n } from "../i18n/i18n";
import { PaceBar } from "../ui/PaceBar";
import { StateMark } from "../ui/StateMark";
import css from "./PersonCard.module.css";
import { Sparkline } from "./Sparkline";
import { What } from "./What";
import type { Row } from "./wall";

interface Props extends Row {
  team: string;
  /** Whether some are simulated and others are not. */
  mixed: boolean;
  hour: string | undefined;
  selected: boolean;
  /** The one that Tab leads to; arrow keys lead to the others. */
  reached: boolean;
  onOpen: (person: number) => void;
}

/** One person. Drawn again only when a word of it changes: most seconds, nothing does. */
export const PersonCard = memo(function PersonCard(props: Props) {
  const { t } = useTranslation("live");
  const { person, name, state, what, app, detail, held, age, why, today, byNow, expected, pace, simulated } = props;
  const stale = state === "unknown";
  return (
    <button
      type="button"
      className={css.card}
      data-person={person}
      data-state={state}
      data-stale={stale || undefined}
      aria-pressed={props.selected}
      aria-keyshortcuts={app ? "a" : undefined}
      tabIndex={props.reached ? 0 : -1}
      onClick={() => props.onOpen(person)}
    >
      <span className={css.line}>
        <span data-cell="state">
          <StateMark state={state} restricted={props.restricted} />
        </span>
        <span className={css.held} data-cell="for">
          {held}
        </span>
        <span className={stale ? css.old : css.age} data-cell="age">
          {age}
        </span>
      </span>
      <span className={css.line}>
        <b className={css.name} data-cell="name" title={name}>
          {name}
        </b>
        <span className={css.team}>{props.mixed && simulated ? t("simulated") : props.team}</span>
      </span>
      {why && <span className={css.why}>{why}</span>}
      <span className={css.what} data-cell="app" title={[what, detail].filter(Boolean).join(" · ")}>
        <What what={what} app={app} />
        {detail && (what ? ` · ${detail}` : detail)}
      </span>
      <Sparkline hour={props.hour} state={state} />
      <span className={css.day} data-cell="today">
        <b>{today}</b>
        {today && <Expected byNow={byNow} expected={expected} pace={pace} />}
      </span>
      {pace && <PaceBar pace={pace} />}
    </button>
  );
});

/** What stands beside the time that was worked: what is expected by now, or what became of the day. Without a hook, as `What`. */
function Expected({ byNow, expected, pace }: Pick<Row, "byNow" | "expected" | "pace">) {
  if (!expected) {
    return <span>{i18n.t("live:card.nothing")}</span>;
  }
  const over = pace !== null && pace.over !== null;
  const hoursPassed = !byNow && Boolean(pace?.notch);
  if (over || hoursPassed) {
    return <span>{i18n.t("live:card.of", { expected })}</span>;
  }
  return (
    <>
      {byNow && <span>{i18n.t("live:card.ofByNow", { byNow })}</span>}
      <span className={css.end}>{i18n.t("live:card.day", { expected })}</span>
    </>
  );
}
