/** Fields of a policy in words. */
import { hoursSaid } from "../forms/hours";
import { i18n } from "../i18n/i18n";
import { list, number } from "../ui/time";
import { FIELDS, type Field, hoursOf, PERIODS, type Period, type Policy } from "./api";

export function minutesSaid(limit_s: number): string {
  return i18n.t("policy:value.minutes", { minutes: number(limit_s / 60, { maximumFractionDigits: 1 }) });
}

export function daysSaid(days: number): string {
  return i18n.t("policy:value.days", { count: days });
}

export function isPeriod(field: Field): field is Period {
  return (PERIODS as readonly string[]).includes(field);
}

export function valueSaid(field: Field, policy: Policy): string {
  if (isPeriod(field)) {
    return daysSaid(policy[field]);
  }
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

/** How long what is collected is kept, each in a sentence: details where they go before the activity. */
export function keptSaid(policy: Policy): string[] {
  const collected = {
    title_days: policy.title,
    app_days: policy.app || policy.site,
    count_days: policy.input_counts,
  };
  const sooner = (["title_days", "app_days", "count_days"] as const).filter(
    (period) => collected[period] && policy[period] < policy.activity_days,
  );
  const said = sooner.map((period) => i18n.t(`policy:kept.${period}`, { count: policy[period] }));
  const rest = sooner.length > 0 ? "activity_days" : "same";
  return [
    ...said,
    i18n.t(`policy:kept.${rest}`, { count: policy.activity_days }),
    i18n.t("policy:kept.sum_days", { count: policy.sum_days }),
  ];
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
