/** Figures, times and durations as the chosen language writes them. Nobody else calls `Intl` or `toLocaleString`. */
import { i18n, language, locale } from "../i18n/i18n";

type Part = "seconds" | "minutes" | "hours" | "days";

/** What depends on the language alone, made once for each: a large wall asks thousands of times a second. */
interface Customs {
  locale: string;
  forms: Record<Part, string>;
  numbers: Map<string, Intl.NumberFormat>;
  times: Map<string, Intl.DateTimeFormat>;
}

let kept: Customs | null = null;

function customs(): Customs {
  if (kept?.locale !== locale()) {
    const form = (part: Part) => String(i18n.getResource(language(), "ui", `span.${part}`));
    const forms = { seconds: form("seconds"), minutes: form("minutes"), hours: form("hours"), days: form("days") };
    kept = { locale: locale(), forms, numbers: new Map(), times: new Map() };
  }
  return kept;
}

export function number(value: number, options: Intl.NumberFormatOptions = {}): string {
  const { numbers, locale } = customs();
  const key = JSON.stringify(options);
  const made = numbers.get(key) ?? new Intl.NumberFormat(locale, options);
  numbers.set(key, made);
  return made.format(value);
}

/** Of a share from 0 to 1, in whole percent: `34%`. */
export function percent(share: number): string {
  return number(share, { style: "percent" });
}

/** A day: `3 Mar 2026`. `zone` is an IANA name; without one, or with one that this browser doesn't know, its own is taken. */
export function day(time: string | number, zone?: string): string {
  return written(time, { day: "numeric", month: "short", year: "numeric" }, zone);
}

/** A time of the day: `09:41`. */
export function clock(time: string | number, zone?: string): string {
  return written(time, { hour: "2-digit", minute: "2-digit" }, zone);
}

/** `3 Mar 2026, 09:41`. */
export function dayAndClock(time: string | number, zone?: string): string {
  return written(time, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }, zone);
}

/** A time in parts of one's own choice. */
export function written(time: string | number, parts: Intl.DateTimeFormatOptions, zone?: string): string {
  const { times, locale } = customs();
  const key = JSON.stringify([parts, zone]);
  const made = times.get(key) ?? inZone(locale, parts, zone);
  times.set(key, made);
  return made.format(new Date(time));
}

function inZone(locale: string, parts: Intl.DateTimeFormatOptions, zone?: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(locale, zone === undefined ? parts : { ...parts, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat(locale, parts);
  }
}

/** Names one after the other: `VS Code, Slack`. */
export function list(names: string[]): string {
  return new Intl.ListFormat(locale(), { type: "unit", style: "short" }).format(names);
}

/** The zone of this browser, by its IANA name. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** How long, as people say it: `12 s`, `26 min`, `1 h 32`, `3 d`. Below zero (clocks differ a little) is `0 s`. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) {
    return filled("seconds", { s: number(s) });
  }
  const min = Math.floor(s / 60);
  if (min < 60) {
    return filled("minutes", { min: number(min) });
  }
  return min < 24 * 60 ? hoursMinutes(s) : filled("days", { d: number(Math.floor(min / 60 / 24)) });
}

/** Hours and whole minutes of something that is summed: `8 h 12`, `0 h 00`. */
export function hoursMinutes(seconds: number): string {
  const min = Math.floor(seconds / 60);
  return filled("hours", { h: number(Math.floor(min / 60)), min: twoFigures(min % 60) });
}

/** Minutes and seconds left: `9:58`. */
export function countdown(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  return `${number(Math.floor(s / 60))}:${twoFigures(s % 60)}`;
}

function twoFigures(value: number): string {
  return number(value, { minimumIntegerDigits: 2 });
}

function filled(part: Part, figures: Record<string, string>): string {
  return customs().forms[part].replace(/\{\{(\w+)\}\}/g, (_, name: string) => figures[name] ?? "");
}
