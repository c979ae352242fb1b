import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import table from "../ui/Table.module.css";
import { day } from "../ui/time";
import { walk } from "../ui/walk";
import type { OwnedDevice } from "./api";
import css from "./DeviceTable.module.css";
import { healthOf } from "./health";
import { Seen } from "./Seen";

interface Props {
  devices: OwnedDevice[];
  now: number;
  /** Whether simulated devices are told apart. */
  tagged: boolean;
  opened: string | null;
  onOpen: (id: string) => void;
  onRevoke: (device: OwnedDevice) => void;
}

/** Devices as rows, on a phone as rows of two lines. The arrow keys go from one row's button to the next. */
export function DeviceTable({ devices, now, tagged, opened, onOpen, onRevoke }: Props) {
  const { t } = useTranslation("devices");
  return (
    <div
      role="table"
      aria-label={t("viewAll")}
      className={`${table.table} ${css.table}`}
      onKeyDown={(event) => walk(event, "[data-name]")}
    >
      <div role="rowgroup" className={table.headGroup}>
        <div role="row" className={`${table.head} ${css.line}`}>
          <span role="columnheader">{t("all.person")}</span>
          <span role="columnheader">{t("all.device")}</span>
          <span role="columnheader">{t("all.seen")}</span>
          <span role="columnheader" data-cell="health">
            {t("all.health")}
          </span>
          <span role="columnheader" data-cell="version">
            {t("all.version")}
          </span>
          <span role="columnheader" data-cell="enrolled">
            {t("all.enrolled")}
          </span>
          <span role="columnheader">
            <span className="sr">{t("revoke")}</span>
          </span>
        </div>
      </div>
      <div role="rowgroup" className={table.rows}>
        {devices.map((device) => {
          const { id, name, person_name, system, version, simulated, enrolled_at, last_seen_at, revoked_at } = device;
          const health = healthOf(device);
          return (
            <div
              role="row"
              key={id}
              className={`${table.row} ${css.line} ${css.row}`}
              data-device={id}
              data-open={opened === id || undefined}
              data-revoked={revoked_at !== null || undefined}
            >
              <span role="rowheader" data-cell="person">
                {person_name}
              </span>
              <span role="cell" data-cell="device">
                <button type="button" data-name={id} className={table.name} dir="auto" onClick={() => onOpen(id)}>
                  {name}
                </button>
                {system && (
                  <span className={css.system} dir="auto">
                    {" "}
                    {system}
                  </span>
                )}
                {tagged && simulated && <span className={css.system}> · {t("simulated")}</span>}
              </span>
              <span role="cell" data-cell="seen">
                <Seen device={device} now={now} />
              </span>
              <span role="cell" data-cell="health" title={health.join(" · ")}>
                {health.join(" · ")}
                {health.length === 0 && last_seen_at && !revoked_at && (
                  <span className={css.system}>{t("health.well")}</span>
                )}
              </span>
              <span role="cell" data-cell="version">
                {version}
              </span>
              <span role="cell" data-cell="enrolled">
                {day(enrolled_at)}
              </span>
              <span role="cell" data-cell="act">
                {!revoked_at && (
                  <Button
                    className={css.revoke ?? ""}
                    variant="text"
                    onClick={() => onRevoke(device)}
                    aria-label={t("revokeOf", { name, person: person_name })}
                  >
                    {t("revoke")}
                  </Button>
                )}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
