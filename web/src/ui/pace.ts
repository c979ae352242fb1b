/** Active time against what is expected: by now, and for the whole workday. Pure. */

const HOUR_MS = 3_600_000;
/** The default hours, 9:00 to 17:00, as hours before the midnight that ends the workday: clocks change in the small hours, so nine in the
 * morning is always fifteen hours before the next midnight, on days of 23 and 25 hours too. */
const HOURS_BEFORE_MIDNIGHT = { from: 15, until: 7 };

export interface Workday {
  starts_at: string;
  ends_at: string;
  expected_s: number;
}

/** The default hours of a workday; `null` on a free day. */
export function hoursOf({ ends_at, expected_s }: Workday): { fromMs: number; untilMs: number } | null {
  const endsMs = Date.parse(ends_at);
  const { from, until } = HOURS_BEFORE_MIDNIGHT;
  return expected_s > 0 ? { fromMs: endsMs - from * HOUR_MS, untilMs: endsMs - until * HOUR_MS } : null;
}

/** What is expected at `atMs`, in seconds, at an even pace over the default hours. */
export function expectedByS(workday: Workday, atMs: number): number {
  const hours = hoursOf(workday);
  if (!hours) {
    return 0;
  }
  const share = (atMs - hours.fromMs) / (hours.untilMs - hours.fromMs);
  return workday.expected_s * Math.min(1, Math.max(0, share));
}

/** Lengths of the pace bar in percent of it. Its end is what is expected, or what was worked once that is more. */
export interface Pace {
  done: number;
  /** Where "expected by now" stands. */
  notch: number;
  /** Where what was over begins; `null` when nothing is. */
  over: number | null;
}

/** `null` when nothing is expected: there is no pace then. */
export function paceOf(activeS: number, byNowS: number, expectedS: number): Pace | null {
  if (expectedS <= 0) {
    return null;
  }
  const wholeS = Math.max(activeS, expectedS);
  const percent = (s: number) => Math.round((1000 * s) / wholeS) / 10;
  return {
    done: percent(activeS),
    notch: percent(byNowS),
    over: activeS > expectedS ? percent(expectedS) : null,
  };
}
