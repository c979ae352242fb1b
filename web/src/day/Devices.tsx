import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import { dayAndClock, span } from "../ui/time";
import type { DayDevice } from "./api";
import css from "./Devices.module.css";

/** Agents send a heartbeat each half minute: within two of them a device counts as connected. */
const RECENT_MS = 75_000;

export function isThere({ last_seen_at }: DayDevice, atMs: number): boolean {
  return last_seen_at !== null && atMs - Date.parse(last_seen_at) < RECENT_MS;
}

/** Which devices tell of the person, one line each. */
export function Devices({ devices, now }: { devices: DayDevice[]; now: number }) {
  const { t } = useTranslation("person");
  if (devices.length === 0) {
    return <p className={css.none}>{t("devices.none")}</p>;
  }
  return (
    <ul className={css.devices} aria-label={t("devices.label")}>
      {devices.map((device) => {
        const { id, name, system, version, last_seen_at, simulated } = device;
        const about = [system, version && t("devices.agent", { version })].filter(Boolean).join(" · ");
        return (
          <li key={id} className={css.device}>
            <Icon name="screen" size={14} className={css.icon} />
            <span className={css.what}>
              <b>{name}</b>
              {simulated && <span className={css.tag}>{t("devices.simulated")}</span>}
              {about && <span className={css.about}>{about}</span>}
            </span>
            <span className={css.seen} title={last_seen_at ? dayAndClock(last_seen_at) : undefined}>
              {seen(device)}
            </span>
          </li>
        );
      })}
    </ul>
  );

  function seen(device: DayDevice): string {
    const { last_seen_at } = device;
    if (!last_seen_at) {
      return t("devices.unseen");
    }
    return isThere(device, now)
      ? t("devices.seenNow")
      : t("devices.seen", { span: span((now - Date.parse(last_seen_at)) / 1000) });
  }
}
