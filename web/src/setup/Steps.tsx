import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import css from "./Steps.module.css";

export interface StepLine {
  key: "organisation" | "hours" | "team" | "device" | "done";
  /** What was set there, in a word. */
  what?: string | undefined;
  done: boolean;
}

interface Props {
  lines: StepLine[];
  at: number;
  reached: number;
  onGo: (step: number) => void;
}

/** How far the set-up is. Steps that were reached can be gone back to. */
export function Steps({ lines, at, reached, onGo }: Props) {
  const { t } = useTranslation("setup");
  return (
    <nav className={css.steps} aria-label={t("steps")}>
      <ol>
        {lines.map(({ key, what, done }, step) => {
          const inside = (
            <>
              <span className={css.mark} aria-hidden="true">
                {done ? <Icon name="check" size={12} /> : step + 1}
              </span>
              <span className={css.words}>
                <span className={css.name}>{t(`${key}.step`)}</span>
                {what && <span className={css.what}>{what}</span>}
                {done && <span className="sr">, {t("stepDone")}</span>}
              </span>
            </>
          );
          return (
            <li key={key} data-done={done || undefined} data-at={step === at || undefined}>
              {step <= reached && step !== at ? (
                <button type="button" className={css.step} onClick={() => onGo(step)}>
                  {inside}
                </button>
              ) : (
                <span className={css.step} {...(step === at && { "aria-current": "step" })}>
                  {inside}
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
