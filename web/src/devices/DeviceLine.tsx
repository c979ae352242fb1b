import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import type { Device } from "../enrol/api";
import { Icon } from "../ui/Icon";
import { day } from "../ui/time";
import { conditionOf } from "./condition";
import css from "./DeviceLine.module.css";
import { healthOf } from "./health";
import { Seen } from "./Seen";

interface Props {
  device: Device;
  now: number;
  onOpen: () => void;
  onRevoke: () => void;
}

/** One of my devices: how it is and, when that is not well, what to do. */
export function DeviceLine({ device, now, onOpen, onRevoke }: Props) {
  const { t } = useTranslation("devices");
  const { name, system, version, enrolled_at, revoked_at, simulated } = device;
  const condition = conditionOf(device, now);
  const facts = [system, version && t("version", { version }), t("enrolledOn", { day: day(enrolled_at) })];
  const health = healthOf(device);
  return (
    <li className={css.line} data-device={device.id} data-revoked={revoked_at !== null || undefined}>
      <Icon name="screen" size={20} className={css.icon} />
      <div className={css.what}>
        <button type="button" className={css.name} dir="auto" onClick={onOpen}>
          {name}
        </button>
        {simulated && <span className={css.tag}>{t("simulated")}</span>}
        <p>{facts.filter(Boolean).join(" · ")}</p>
        {health.length > 0 && <p>{health.join(" · ")}</p>}
      </div>
      <span className={css.seen}>
        <Seen device={device} now={now} />
      </span>
      {!revoked_at && (
        <Button onClick={onRevoke} aria-label={t("revokeNamed", { name })}>
          {t("revoke")}
        </Button>
      )}
      {condition !== "connected" && condition !== "seen" && <p className={css.todo}>{t(`todo.${condition}`)}</p>}
    </li>
  );
}
