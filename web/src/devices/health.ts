import type { Device } from "../enrol/api";
import { i18n } from "../i18n/i18n";
import { span } from "../ui/time";

/** Below this the clock of a computer is as good as any. */
const SKEW_MIN_MS = 5_000;

/** An agent sends each minute: what is less than an hour of work is on its way. */
const UNSENT_MIN = 60;

/** What is not as it should be with what a device tells, each in a few words; none when all is well. */
export function healthOf({ unsent, skew_ms, lost, set_aside }: Device): string[] {
  const t = i18n.getFixedT(null, "devices");
  const told: string[] = [];
  if (unsent && unsent >= UNSENT_MIN) {
    told.push(t("health.unsent", { count: unsent }));
  }
  if (lost) {
    told.push(t("health.lost", { count: lost }));
  }
  if (set_aside) {
    told.push(t("health.setAside", { count: set_aside }));
  }
  const clock = clockOf(skew_ms);
  return clock ? [...told, clock] : told;
}

/** How far a clock is off, in words; `null` when that is not worth a word, or not known. */
export function clockOf(skew_ms: number | null | undefined): string | null {
  if (!skew_ms || Math.abs(skew_ms) < SKEW_MIN_MS) {
    return null;
  }
  const t = i18n.getFixedT(null, "devices");
  return t(skew_ms > 0 ? "health.behind" : "health.ahead", { span: span(Math.abs(skew_ms) / 1000) });
}
