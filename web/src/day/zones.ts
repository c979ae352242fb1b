import { i18n } from "../i18n/i18n";
import { dayAndClock, ownZone } from "../ui/time";
import type { Day } from "./api";

/** Whose time the times are, in a sentence. */
export function zoneSaid({ person: { name, zone }, own, until_at }: Day): string {
  const mine = ownZone();
  const same = dayAndClock(until_at, zone) === dayAndClock(until_at);
  if (same) {
    return i18n.t("person:zone.same", { zone: mine });
  }
  return own
    ? i18n.t("person:zone.ownDiffers", { zone: mine, theirs: zone })
    : i18n.t("person:zone.differs", { zone: mine, theirs: zone, name });
}
