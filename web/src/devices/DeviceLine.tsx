import Button from "@mui/material/Button";
import { Icon } from "../ui/Icon";
import { span } from "../ui/time";
import type { Device } from "./api";
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
  const { name, system, enrolled_at, revoked_at, simulated } = device;
  return (
    <li className={css.line} data-device={device.id} data-revoked={revoked_at !== null || undefined}>
      <Icon name="screen" size={20} className={css.icon} />
      <div className={css.what}>
        <b>{name}</b>
        {simulated && <span className={css.tag}>Simulated</span>}
        <p>
          {system && `${system} · `}enrolled {day(enrolled_at, zone)}
        </p>
      </div>
      <span className={css.seen}>{revoked_at ? `Revoked ${day(revoked_at, zone)}` : seen(device, now)}</span>
      {!revoked_at && (
        <Button onClick={onRevoke} aria-label={`Revoke ${name}`}>
          Revoke
        </Button>
      )}
    </li>
  );
}

function seen({ last_seen_at, suspended_at }: Device, now: number): string {
  if (suspended_at) {
    return "Suspended: two computers used it at once";
  }
  if (!last_seen_at) {
    return "Not seen yet";
  }
  const ageMs = now - Date.parse(last_seen_at);
  return ageMs < RECENT_MS ? "Seen just now" : `Seen ${span(ageMs / 1000)} ago`;
}

function day(time: string, zone: string): string {
  const options: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", year: "numeric" };
  try {
    return new Date(time).toLocaleDateString("en-GB", { ...options, timeZone: zone });
  } catch {
    return new Date(time).toLocaleDateString("en-GB", options); // A zone this browser doesn't know.
  }
}
