import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import type { Device } from "../enrol/api";
import { i18n } from "../i18n/i18n";
import { Icon } from "../ui/Icon";
import { day, span } from "../ui/time";
import css from "./DeviceLine.module.css";

/** Agents send a heartbeat each half minute: within two of them a device counts as connected. */
const RECENT_MS = 75_000;

interface Props {
  device: Device;
  now: number;
  zone: string;
  onRevoke: () => void;
}

export function DeviceLine({ device, now, zone, onRevoke }: Props) {
  const { t } = useTranslation("devices");
  const { name, system, enrolled_at, revoked_at, simulated } = device;
  return (
    <li className={css.line} data-device={device.id} data-revoked={revoked_at !== null || undefined}>
      <Icon name="screen" size={20} className={css.icon} />
      <div className={css.what}>
        <b>{name}</b>
        {simulated && <span className={css.tag}>{t("simulated")}</span>}
        <p>
          {system && `${system} · `}
          {t("enrolledOn", { day: day(enrolled_at, zone) })}
        </p>
      </div>
      <span className={css.seen}>
        {revoked_at ? t("revokedOn", { day: day(revoked_at, zone) }) : seen(device, now)}
      </span>
      {!revoked_at && (
        <Button onClick={onRevoke} aria-label={t("revokeNamed", { name })}>
          {t("revoke")}
        </Button>
      )}
    </li>
  );
}

function seen({ last_seen_at, suspended_at }: Device, now: number): string {
  if (suspended_at) {
    return i18n.t("devices:suspended");
  }
  if (!last_seen_at) {
    return i18n.t("devices:unseen");
  }
  const ageMs = now - Date.parse(last_seen_at);
  return ageMs < RECENT_MS ? i18n.t("devices:seenNow") : i18n.t("devices:seen", { span: span(ageMs / 1000) });
}
