import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import { type State, StateMark } from "../ui/StateMark";
import { number } from "../ui/time";
import css from "./Counts.module.css";
import { STATES } from "./wall";

interface Props {
  counts: Record<State, number>;
  attention: number;
  /** Of whom no state is shown: they are in no other count. */
  restricted: number;
  people: number;
  chosen: State | "attention" | null;
  onChoose: (state: State | "attention" | null) => void;
}

/** How many people are in each state; each count filters. The bar above shows the same as lengths. */
export function Counts({ counts, attention, restricted, people, chosen, onChoose }: Props) {
  const { t } = useTranslation("live");
  return (
    <section className={css.counts} aria-label={t("counts")}>
      <div className={css.mix} data-mix="" aria-hidden="true">
        {STATES.map((state) => (
          <i
            key={state}
            className={`s-${state}`}
            style={{ flexGrow: counts[state] / Math.max(1, people - restricted) }}
          />
        ))}
      </div>
      <ul className={css.list}>
        {(["attention", ...STATES] as const).map((state) => {
          const count = state === "attention" ? attention : counts[state];
          return (
            <li key={state}>
              <button
                type="button"
                className={css.count}
                data-count={state}
                data-none={count === 0 || undefined}
                aria-pressed={chosen === state}
                onClick={() => onChoose(chosen === state ? null : state)}
              >
                <span className={css.number}>{number(count)}</span>
                {state === "attention" ? (
                  <span className={css.attention}>
                    <Icon name="attention" size={14} />
                    {t("attention")}
                  </span>
                ) : (
                  <StateMark state={state} />
                )}
              </button>
            </li>
          );
        })}
        {restricted > 0 && (
          <li>
            <span className={css.count} data-count="restricted">
              <span className={css.number}>{number(restricted)}</span>
              <StateMark state="offline" restricted />
            </span>
          </li>
        )}
      </ul>
    </section>
  );
}
