/** Fields of a policy in words. */
import { hoursSaid } from "../forms/hours";
import { i18n } from "../i18n/i18n";
import { list, number } from "../ui/time";
import { FIELDS, type Field, hoursOf, type Policy } from "./api";

export function minutesSaid(limit_s: number): string {
  return i18n.t("policy:value.minutes", { minutes: number(limit_s / 60, { maximumFractionDigits: 1 }) });
}

export function valueSaid(field: Field, policy: Policy): string {
  switch (field) {
    case "idle_limit_s":
      return minutesSaid(policy.idle_limit_s);
    case "hours":
      return policy.hours ? list(hoursOf(policy.hours).map(hoursSaid)) : i18n.t("policy:value.always");
    case "private_time":
      return i18n.t(policy.private_time ? "policy:value.private" : "policy:value.notPrivate");
    default:
      return i18n.t(policy[field] ? "policy:value.on" : "policy:value.off");
  }
}

/** What is another in the second of two policies, each in a line. */
export function changesSaid(old: Policy, next: Policy): string[] {
  return FIELDS.filter((field) => valueSaid(field, old) !== valueSaid(field, next)).map((field) =>
    i18n.t("policy:change", {
      field: i18n.t(`policy:field.${field}`),
      old: valueSaid(field, old),
      new: valueSaid(field, next),
    }),
  );
}
