import { useTranslation } from "react-i18next";
import "../i18n/en/devices";
import { Icon } from "../ui/Icon";
import { clock } from "../ui/time";
import { useDevicesQuery } from "./api";
import css from "./MissingNote.module.css";

const REFRESH_MS = 60_000;

/** To me: a computer of mine went silent while I usually work. */
export function MissingNote() {
  const { t } = useTranslation("devices");
  const { data: devices = [] } = useDevicesQuery(undefined, { pollingInterval: REFRESH_MS });
  const missing = devices.filter((device) => device.missing && device.last_seen_at);
  return (
    <div role="status">
      {missing.map(({ id, name, last_seen_at }) => (
        <p key={id} className={css.note}>
          <Icon name="attention" size={14} />
          <span>{t("missing.note", { name, time: clock(last_seen_at ?? 0) })}</span>
        </p>
      ))}
    </div>
  );
}
