import OutlinedInput from "@mui/material/OutlinedInput";
import { useTranslation } from "react-i18next";
import { described, FieldWords } from "../forms/Field";
import { type Hours, weekday } from "../forms/hours";
import css from "./HoursBox.module.css";

interface Props {
  id: string;
  hours: Hours | null;
  onHours: (hours: Hours | null) => void;
  error?: string | undefined;
  hint?: string | undefined;
}

const DAYS = [0, 1, 2, 3, 4, 5, 6];
const FIRST: Omit<Hours, "days"> = { from_min: 9 * 60, until_min: 17 * 60 };

/** Days of the week, and from when to when; none while no day is chosen. */
export function HoursBox({ id, hours, onHours, error, hint }: Props) {
  const { t, i18n } = useTranslation("people");
  const narrow = i18n.language === "ar"; // short names of days are whole words there, and seven don't fit
  const words = { error, hint };

  function toggle(day: number) {
    const days = DAYS.filter((each) => (each === day) !== (hours?.days.includes(each) ?? false));
    onHours(days.length > 0 ? { ...FIRST, ...hours, days } : null);
  }

  const time = (name: "from_min" | "until_min") =>
    hours && (
      <OutlinedInput
        type="time"
        value={`${figures(Math.floor(hours[name] / 60))}:${figures(hours[name] % 60)}`}
        inputProps={{ "aria-label": t(`hours.${name}`), required: true }}
        error={error !== undefined}
        onChange={(event) => {
          const [h, min] = event.target.value.split(":").map(Number);
          if (h !== undefined && min !== undefined) {
            onHours({ ...hours, [name]: h * 60 + min });
          }
        }}
      />
    );

  return (
    <fieldset className={css.box} {...described(id, words)}>
      <legend>{t("hours.title")}</legend>
      <div className={css.days}>
        {DAYS.map((day) => (
          <button
            type="button"
            key={day}
            id={day === 0 ? id : undefined}
            title={weekday(day, "long")}
            aria-label={narrow ? weekday(day, "long") : undefined}
            aria-pressed={hours?.days.includes(day) ?? false}
            onClick={() => toggle(day)}
          >
            {weekday(day, narrow ? "narrow" : "short")}
          </button>
        ))}
      </div>
      {hours && (
        <div className={css.times}>
          {time("from_min")}
          <span aria-hidden="true">–</span>
          {time("until_min")}
        </div>
      )}
      <FieldWords id={id} {...words} />
    </fieldset>
  );
}

function figures(value: number): string {
  return String(value).padStart(2, "0");
}
