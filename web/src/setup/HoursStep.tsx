import OutlinedInput from "@mui/material/OutlinedInput";
import { type KeyboardEvent, useId, useImperativeHandle, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { described, FieldWords } from "../forms/Field";
import { focusOn } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { useHints } from "../ui/commands";
import { ProblemNote } from "../ui/ProblemNote";
import { hoursMinutes, written } from "../ui/time";
import { useSaveOrganisationMutation } from "./api";
import css from "./HoursStep.module.css";
import { asTyped, DAY_MAX_MIN, minutesOf, PRESETS, sameWeek } from "./hours";
import { CHANGED, type StepProps } from "./step";

/** What an arrow key adds or takes. */
const STEP_MIN = 15;
/** The bars beside the boxes end here. */
const DRAWN_MIN = 12 * 60;
const A_MONDAY_MS = Date.UTC(2024, 0, 1);
const DAYS = [0, 1, 2, 3, 4, 5, 6];

/** For how long somebody is expected to be active, Monday to Sunday. */
export function HoursStep({ ref, admin, draft, put, onChanged }: StepProps) {
  const { t } = useTranslation(["setup", "ui"]);
  const { organisation } = admin;
  const id = useId();
  const [checked, setChecked] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [saveOrganisation] = useSaveOrganisationMutation();

  useHints(useMemo(() => [{ where: t("hours.title"), title: t("hours.keys"), keys: ["↑", "↓"] }], [t]));

  const hours = draft.hours ?? organisation.expected_min.map(asTyped);
  const minutes = hours.map(minutesOf);
  const total = minutes.reduce<number | null>((sum, day) => (sum === null || day === null ? null : sum + day), 0);

  function type(day: number, text: string) {
    put({ hours: hours.map((old, i) => (i === day ? text : old)) });
  }

  function leave(day: number) {
    const read = minutes[day];
    if (typeof read === "number") {
      type(day, asTyped(read));
    }
  }

  function onKeyDown(event: KeyboardEvent, day: number) {
    const by = { ArrowUp: STEP_MIN, ArrowDown: -STEP_MIN }[event.key];
    const read = minutes[day];
    if (by && typeof read === "number") {
      event.preventDefault();
      type(day, asTyped(Math.min(DAY_MAX_MIN, Math.max(0, read + by))));
    }
  }

  useImperativeHandle(ref, () => ({
    async save() {
      setProblem(null);
      setChecked(true);
      const wrong = minutes.indexOf(null);
      if (wrong >= 0) {
        focusOn(`${id}-${wrong}`);
        return false;
      }
      const expected_min = minutes.map((day) => day ?? 0);
      if (!sameWeek(expected_min, organisation.expected_min)) {
        const { name, zone, version } = organisation;
        const { error } = await saveOrganisation({ name, zone, expected_min, version });
        if (error) {
          if ((error as Problem).status === CHANGED) {
            await onChanged();
          }
          setProblem(error as Problem);
          return false;
        }
        await onChanged();
      }
      put({ hours: undefined });
      return true;
    },
  }));

  return (
    <>
      {problem && <ProblemNote problem={problem} kept={t("ui:kept.typed")} />}
      <div className={css.presets} role="group" aria-label={t("hours.presets")}>
        {PRESETS.map((preset) => (
          <button
            type="button"
            key={preset.key}
            className={css.preset}
            aria-pressed={sameWeek(minutes, preset.minutes)}
            onClick={() => put({ hours: preset.minutes.map(asTyped) })}
          >
            {t(`hours.preset.${preset.key}`)}
          </button>
        ))}
      </div>
      <div className={css.week}>
        {DAYS.map((day) => {
          const read = minutes[day] ?? null;
          // What is being typed is not called wrong before it is left.
          const error = checked && read === null ? t("hours.wrong") : null;
          const box = `${id}-${day}`;
          return (
            <div className={css.day} key={day} data-none={read === 0 || undefined}>
              <label htmlFor={box}>{weekday(day)}</label>
              <OutlinedInput
                id={box}
                className={css.box}
                autoComplete="off"
                value={hours[day] ?? ""}
                onChange={(event) => type(day, event.target.value)}
                onBlur={() => leave(day)}
                onFocus={(event) => event.target.select()}
                onKeyDown={(event) => onKeyDown(event, day)}
                error={error !== null}
                inputProps={{
                  inputMode: "decimal",
                  role: "spinbutton",
                  "aria-valuemin": 0,
                  "aria-valuemax": DAY_MAX_MIN,
                  ...(read !== null && {
                    "aria-valuenow": read,
                    "aria-valuetext": t("hours.spoken", { hours: Math.floor(read / 60), minutes: read % 60 }),
                  }),
                  ...described(box, { error }),
                }}
              />
              <span className={css.bar} aria-hidden="true">
                <i style={{ inlineSize: `${Math.min(100, ((read ?? 0) / DRAWN_MIN) * 100)}%` }} />
              </span>
              {error && (
                <div className={css.wrong}>
                  <FieldWords id={box} error={error} />
                </div>
              )}
            </div>
          );
        })}
        <p className={css.total}>
          <span>{t("hours.week")}</span>
          <output aria-live="polite">{total === null ? t("hours.weekUnknown") : hoursMinutes(total * 60)}</output>
        </p>
      </div>
      {total === 0 && <p className={css.none}>{t("hours.none")}</p>}
    </>
  );
}

/** By its name; 0 is Monday. */
function weekday(day: number): string {
  return written(A_MONDAY_MS + day * 86_400_000, { weekday: "long" }, "UTC");
}
