import { useTranslation } from "react-i18next";
import { dayAndClock, number } from "../ui/time";
import type { DeviceDetail } from "./api";
import css from "./DevicePanel.module.css";

/** Reasons that agents of ours give, and those of the hub. Another agent's are shown as they came. */
const LOSSES = ["spool full", "acked before"] as const;
const FAULTS = [
  "ends_before_start",
  "outside_horizon",
  "too_long",
  "wall_clock",
  "input_outside_horizon",
  "text",
  "refused_by_database",
  "erased",
] as const;

interface Event {
  key: string;
  at: string;
  words: string;
}

/** What happened to a device, in plain words, newest first. */
export function Happened({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation("devices");
  const { enrolled_at, enrolled_with, rekeyed_at, suspended_at, revoked_at, fenced_at, losses, quarantined } = device;

  const lost = losses.map(({ epoch, from_seq, to_seq, reason, at }) => {
    const known = LOSSES.find((one) => one === reason);
    const count = to_seq - from_seq + 1;
    return {
      key: `lost-${epoch}-${from_seq}`,
      at,
      words: t("happened.lost", {
        count,
        from: number(from_seq),
        to: number(to_seq),
        why: known ? t(`happened.loss.${known}`) : reason,
      }),
    };
  });
  const setAside = quarantined.map(({ epoch, seq, reason, at }) => {
    const known = FAULTS.find((one) => one === reason);
    return {
      key: `aside-${epoch}-${seq}`,
      at,
      words: t("happened.setAside", { seq: number(seq), why: known ? t(`happened.fault.${known}`) : reason }),
    };
  });
  const events: Event[] = [
    { key: "enrolled", at: enrolled_at, words: t(`happened.enrolled.${enrolled_with || "unknown"}`) },
    ...(rekeyed_at ? [{ key: "rekeyed", at: rekeyed_at, words: t("happened.rekeyed") }] : []),
    ...(suspended_at ? [{ key: "suspended", at: suspended_at, words: t("happened.suspended") }] : []),
    ...(revoked_at ? [{ key: "revoked", at: revoked_at, words: t("happened.revoked") }] : []),
    ...fenced_at.map((at) => ({ key: `fenced-${at}`, at, words: t("happened.fenced") })),
    ...lost,
    ...setAside,
  ].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
  return (
    <ul className={css.happened} aria-label={t("panel.happened")}>
      {events.map(({ key, at, words }) => (
        <li key={key}>
          <time dateTime={at}>{dayAndClock(at)}</time>
          <p>{words}</p>
        </li>
      ))}
    </ul>
  );
}
