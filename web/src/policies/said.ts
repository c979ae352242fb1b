/** What a place sets, in words. */
import { hoursSaid } from "../forms/hours";
import { i18n } from "../i18n/i18n";
import { daysSaid, isPeriod, minutesSaid } from "../policy/said";
import { day, number } from "../ui/time";
import { AT_ANY_TIME, COUNTED_MAX, type Effective, type Field, type Place, type Removal, type Settings } from "./api";

type Value = Settings[Field] | Effective[Field] | null;

export function saidAs(field: Field, value: Value): string {
  if (field === "hours") {
    const always = !value || JSON.stringify(value) === JSON.stringify(AT_ANY_TIME);
    return always ? i18n.t("policies:always") : hoursSaid(value as NonNullable<Settings["hours"]>);
  }
  if (field === "idle_limit_s") {
    return minutesSaid(value as number);
  }
  if (isPeriod(field)) {
    return daysSaid(value as number);
  }
  if (field === "private_time") {
    return i18n.t(value ? "policies:allowed" : "policies:notAllowed");
  }
  return i18n.t(value ? "policies:on" : "policies:off");
}

/** The longest that a period may be at a place that sets this: no detail outlives its activity, and no activity the sums of its days. */
export function longest({ above }: Place, settings: Settings, field: Field): number {
  const sums = settings.sum_days ?? above.sum_days;
  const activity = Math.min(settings.activity_days ?? above.activity_days, sums);
  return field === "sum_days" ? LONGEST : field === "activity_days" ? Math.min(sums, DAYS) : activity;
}

const DAYS = 365;
const LONGEST = 1826;

/** What of this place shortens a period that it inherits, if anything does. */
export function shortened(place: Place, settings: Settings, field: Field): "activity_days" | "sum_days" | null {
  if (!isPeriod(field) || field === "sum_days" || place.above[field] <= longest(place, settings, field)) {
    return null;
  }
  return field === "activity_days" ? "sum_days" : "activity_days";
}

/** What holds where a place sets nothing of a field. */
export function inherits(place: Place, field: Field, settings: Settings = place.settings): string {
  const by = shortened(place, settings, field);
  if (by) {
    return i18n.t(`policies:within.${by}`, { value: daysSaid(longest(place, settings, field)) });
  }
  return i18n.t(place.scope === "organisation" ? "policies:unset" : "policies:inherit", {
    value: saidAs(field, place.above[field]),
  });
}

/** How much a shorter period would have removed. */
export function removalSaid({ since, records }: Removal): string {
  if (since === null) {
    return i18n.t(records === 0 ? "policies:removal.none" : "policies:removal.fewer");
  }
  const key = records === null ? "uncounted" : records >= COUNTED_MAX ? "more" : "records";
  return i18n.t(`policies:removal.${key}`, {
    records: records === null ? "" : number(records),
    since: day(since, "UTC"),
  });
}
