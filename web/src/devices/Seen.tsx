import { useTranslation } from "react-i18next";
import type { Device } from "../enrol/api";
import { Icon, type IconName } from "../ui/Icon";
import { day, dayAndClock, ownZone, span } from "../ui/time";
import { type Condition, conditionOf } from "./condition";
import css from "./Seen.module.css";

const ICONS: Partial<Record<Condition, IconName>> = {
  connected: "active",
  missing: "attention",
  silent: "attention",
  unseen: "stale",
  suspended: "attention",
  revoked: "offline",
};

/** When a device was heard last, and what is the matter with it: by mark, word and colour. */
export function Seen({ device, now }: { device: Device; now: number }) {
  const { t } = useTranslation("devices");
  const condition = conditionOf(device, now);
  const { last_seen_at, revoked_at } = device;
  const icon = ICONS[condition];
  const age = last_seen_at ? span((now - Date.parse(last_seen_at)) / 1000) : "";
  return (
    <span
      className={css.seen}
      data-condition={condition}
      {...(last_seen_at && { title: t("seenAt", { time: `${dayAndClock(last_seen_at)}, ${ownZone()}` }) })}
    >
      {icon && <Icon name={icon} size={14} />}
      {condition === "revoked"
        ? t("revokedOn", { day: day(revoked_at ?? 0) })
        : t(`condition.${condition}`, { span: age })}
    </span>
  );
}
