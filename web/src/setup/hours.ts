/** Hours a day as people type them, in minutes; and the weeks that are offered ready-made. Pure. */

export const DAY_MAX_MIN = 24 * 60;

/** Minutes a day, Monday first. `key` names it among the words. */
export const PRESETS = [
  { key: "full", minutes: [480, 480, 480, 480, 480, 0, 0] },
  { key: "short", minutes: [450, 450, 450, 450, 450, 0, 0] },
  { key: "part", minutes: [240, 240, 240, 240, 240, 0, 0] },
  { key: "sunday", minutes: [480, 480, 480, 480, 0, 0, 480] },
] as const;

/** Minutes of `7:30`, `7.5`, `7,5`, `7h30`, `7 h 30` or `8`; nothing is none. `null` for anything else, and for more than a day. */
export function minutesOf(typed: string): number | null {
  const text = latin(typed).trim().toLowerCase();
  if (text === "") {
    return 0;
  }
  const clock = /^(\d{1,2})\s*(?::|h)\s*(?:([0-5]?\d)\s*(?:m|min)?)?$/.exec(text);
  const decimal = /^(\d{0,2})(?:[.,](\d{1,3}))?\s*h?$/.exec(text);
  const minutes = clock
    ? Number(clock[1]) * 60 + Number(clock[2] ?? 0)
    : decimal
      ? Math.round(Number(`${decimal[1] || 0}.${decimal[2] ?? 0}`) * 60)
      : null;
  return minutes === null || minutes > DAY_MAX_MIN ? null : minutes;
}

/** As the box shows it: `7:30`, `0:00`. */
export function asTyped(minutes: number): string {
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

export function sameWeek(one: readonly (number | null)[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((minutes, day) => minutes === other[day]);
}

/** Digits and signs of Arabic and Persian keyboards as those that everybody can read. */
function latin(text: string): string {
  return text
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0))
    .replace(/[\u066b\u060c]/g, ".");
}
