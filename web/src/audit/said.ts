import { type Hours, hoursSaid } from "../forms/hours";
import { i18n } from "../i18n/i18n";
import { dayAndClock } from "../ui/time";
import type { Detail } from "./api";

/** What only holds rows together. */
const HIDDEN = new Set(["sitting", "sign_in", "fields"]);

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** What a row says beside who, about whom and when, each with its name. */
export function detailsSaid(detail: Detail): [name: string, value: string][] {
  return Object.entries(detail).flatMap(([name, value]): [string, string][] => {
    if (HIDDEN.has(name) || value === null || value === false) {
      return [];
    }
    if (typeof value === "object") {
      return Object.entries(value).map(([field, { old, new: now }]) => [
        said("detail", field),
        `${shown(old)} ${i18n.dir() === "rtl" ? "←" : "→"} ${shown(now)}`,
      ]);
    }
    return [[said("detail", name), value === true ? "" : shown(value)]];
  });
}

function shown(value: unknown): string {
  if (typeof value === "string" && MOMENT.test(value)) {
    return dayAndClock(value);
  }
  if (typeof value === "string") {
    return value.length > 0 ? said("value", value) : i18n.t("audit:empty");
  }
  if (typeof value === "boolean") {
    return said("value", value ? "on" : "off");
  }
  if (isHours(value)) {
    return value.days.length === 7 && value.until_min - value.from_min === DAY_MIN
      ? said("value", "always")
      : hoursSaid(value);
  }
  return value === null ? i18n.t("audit:empty") : JSON.stringify(value);
}

const DAY_MIN = 24 * 60;

function isHours(value: unknown): value is Hours {
  return typeof value === "object" && value !== null && "days" in value && "from_min" in value && "until_min" in value;
}

/** Words for what the hub calls by a name; the name itself where there are none yet, and what somebody wrote as they wrote it. */
export function said(of: "act" | "detail" | "value", name: string): string {
  const key = `audit:${of}.${name}`;
  if (!/^[a-z_]+$/.test(name)) {
    return name;
  }
  return i18n.exists(key) ? i18n.t(key as "audit:act.denied") : name.replaceAll("_", " ");
}

export function nameOf({ id, name }: { id: number; name: string }): string {
  return name || i18n.t("audit:number", { id });
}
