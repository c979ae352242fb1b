/** When somebody usually works. Pure. */
import { written } from "../ui/time";

export interface Hours {
  /** Monday is 0. */
  days: number[];
  /** Minutes after midnight. */
  from_min: number;
  /** Not after `from_min`: on the next day. */
  until_min: number;
}

/** Days that follow each other are said as one from so many on. */
const RUN = 3;
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY_MS = 24 * 3600 * 1000;
const A_MONDAY = Date.UTC(2026, 0, 5);

export function weekday(day: number, form: "narrow" | "short" | "long"): string {
  return written(A_MONDAY + day * DAY_MS, { weekday: form }, "UTC");
}

/** `09:00`, as a clock shows it. */
export function timeOf(minutes: number): string {
  return written(A_MONDAY + minutes * 60_000, { hour: "2-digit", minute: "2-digit" }, "UTC");
}

/** `Mon–Fri 09:00–17:00`. */
export function hoursSaid(hours: Hours): string {
  return spelled(hours, (day) => weekday(day, "short"), "–", timeOf);
}

/** The same in every language, as an import reads it: `Mon-Fri 09:00-17:00`. */
export function hoursWritten(hours: Hours): string {
  const figures = (minutes: number) =>
    [Math.floor(minutes / 60), minutes % 60].map((value) => String(value).padStart(2, "0")).join(":");
  return spelled(hours, (day) => DAYS[day] ?? "", "-", figures);
}

function spelled(
  { days, from_min, until_min }: Hours,
  name: (day: number) => string,
  dash: string,
  time: (minutes: number) => string,
): string {
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run?.at(-1) === day - 1) {
      run.push(day);
    } else {
      runs.push([day]);
    }
  }
  const said = runs.flatMap((run) => {
    const names = run.map(name);
    return run.length < RUN ? names : [`${names[0]}${dash}${names.at(-1)}`];
  });
  return `${said.join(", ")} ${time(from_min)}${dash}${time(until_min)}`;
}
