/** What a place sets, in words. */
import { hoursSaid } from "../forms/hours";
import { i18n } from "../i18n/i18n";
import { minutesSaid } from "../policy/said";
import { AT_ANY_TIME, type Effective, type Field, type Place, type Settings } from "./api";

type Value = Settings[Field] | Effective[Field] | null;

export function saidAs(field: Field, value: Value): string {
  if (field === "hours") {
    const always = !value || JSON.stringify(value) === JSON.stringify(AT_ANY_TIME);
    return always ? i18n.t("policies:always") : hoursSaid(value as NonNullable<Settings["hours"]>);
  }
  if (field === "idle_limit_s") {
    return minutesSaid(value as number);
  }
  if (field === "private_time") {
    return i18n.t(value ? "policies:allowed" : "policies:notAllowed");
  }
  return i18n.t(value ? "policies:on" : "policies:off");
}

/** What holds where a place sets nothing. */
export function inherits({ scope, above }: Place, field: Field): string {
  return i18n.t(scope === "organisation" ? "policies:unset" : "policies:inherit", {
    value: saidAs(field, above[field]),
  });
}
