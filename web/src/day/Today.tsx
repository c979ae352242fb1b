import { useTranslation } from "react-i18next";
import { PaceBar } from "../ui/PaceBar";
import { expectedByS, hoursOf, paceOf } from "../ui/pace";
import { type State, StateMark } from "../ui/StateMark";
import { clock, hoursMinutes } from "../ui/time";
import type { Day } from "./api";
import { hasLeft } from "./hour";
import css from "./Today.module.css";

/** In the order of the wall. Active is the figure above them. */
const STATES: State[] = ["passive", "idle", "locked", "break", "private"];
/** Less would read as 0 h 00. */
const SHOWN_S = 60;

/** The workday so far: active against expected, and the time in each other state. Of a part of a workday nothing is expected. */
export function Today({ day }: { day: Day }) {
  const { t } = useTranslation("person");
  const { today, from_at } = day;
  const late = Date.parse(from_at) > Date.parse(today.starts_at);
  const left = hasLeft(day);
  const byNowS = expectedByS(today, Date.parse(day.read_at));
  const pace = late || left ? null : paceOf(today.active_s, byNowS, today.expected_s);
  const others = STATES.filter((state) => (today.states[state] ?? 0) >= SHOWN_S);
  return (
    <div className={css.today}>
      <p className={css.worked}>
        <span className={css.label}>{t("today.active")}</span>
        <b className={css.figure}>{hoursMinutes(today.active_s)}</b>
        <span className={css.against}>{against(day, byNowS)}</span>
      </p>
      {pace && (
        <div title={paceMeaning()}>
          <PaceBar pace={pace} />
        </div>
      )}
      {others.length > 0 && (
        <dl className={css.states}>
          {others.map((state) => (
            <div key={state}>
              <dt>
                <StateMark state={state} />
              </dt>
              <dd>{hoursMinutes(today.states[state] ?? 0)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );

  function against({ today: { active_s, expected_s } }: Day, dueS: number): string {
    if (left) {
      return t("today.left");
    }
    if (late) {
      return t("today.part", { time: clock(from_at) });
    }
    const whole = hoursMinutes(expected_s);
    if (expected_s <= 0) {
      return t("today.free");
    }
    if (active_s > expected_s) {
      return t("today.over", { over: hoursMinutes(active_s - expected_s), whole });
    }
    return dueS > 0 && dueS < expected_s
      ? t("today.byNow", { due: hoursMinutes(dueS), whole })
      : t("today.of", { whole });
  }

  function paceMeaning(): string | undefined {
    const hours = hoursOf(today);
    return hours ? t("today.pace", { from: clock(hours.fromMs), until: clock(hours.untilMs) }) : undefined;
  }
}
