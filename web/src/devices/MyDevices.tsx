import Button from "@mui/material/Button";
import { Trans, useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Device, useDevicesQuery } from "../enrol/api";
import type { Problem } from "../http/request";
import { PauseBox } from "../pause/PauseBox";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useNow } from "../ui/useNow";
import { AskingNotes } from "./AskingNotes";
import { DeviceLine } from "./DeviceLine";
import css from "./DevicesPage.module.css";

const REFRESH_MS = 15_000;

interface Props {
  onOpen: (id: string) => void;
  /** Without a code it is to be typed. */
  onApprove: (confirmation: string) => void;
  onEnrol: () => void;
  onRevoke: (device: Device) => void;
}

/** My own devices: which there are, and how they are. */
export function MyDevices({ onOpen, onApprove, onEnrol, onRevoke }: Props) {
  const { t } = useTranslation(["devices", "pause", "ui"]);
  const now = useNow(10_000);
  const {
    data: devices,
    error,
    isError,
    refetch,
  } = useDevicesQuery(undefined, { pollingInterval: REFRESH_MS, refetchOnMountOrArgChange: true });
  const sorted = [...(devices ?? [])].sort(inUseFirst);
  return (
    <>
      {isError && (
        <ProblemNote
          problem={error as Problem}
          kept={devices && t("ui:kept.shown")}
          action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>}
        />
      )}
      <AskingNotes onApprove={onApprove} />
      {devices?.length === 0 && (
        <Empty
          icon="screen"
          title={t("empty.title")}
          action={
            <>
              <Button variant="contained" color="primary" onClick={onEnrol}>
                {t("enrol")}
              </Button>
              <Button onClick={() => onApprove("")}>{t("approve")}</Button>
            </>
          }
        >
          {t("empty.words")}
        </Empty>
      )}
      {sorted.length > 0 && (
        <>
          <div className={css.head}>
            <div className={css.about}>
              <h2>{t("mine")}</h2>
              <p>
                <Icon name="ledger" size={14} />
                <span>
                  <Trans t={t} i18nKey="collected" components={{ a: <Link to="/my-data" /> }} />
                </span>
              </p>
            </div>
            <Button onClick={() => onApprove("")}>{t("approve")}</Button>
            <Button variant="contained" color="primary" startIcon={<Icon name="plus" />} onClick={onEnrol}>
              {t("enrol")}
            </Button>
          </div>
          <ul className={css.sheet} aria-label={t("mine")}>
            {sorted.map((device) => (
              <DeviceLine
                key={device.id}
                device={device}
                now={now}
                onOpen={() => onOpen(device.id)}
                onRevoke={() => onRevoke(device)}
              />
            ))}
          </ul>
          <section className={css.pause} aria-label={t("pause:title")}>
            <h2>{t("pause:title")}</h2>
            <p>{t("pause:words")}</p>
            <PauseBox />
          </section>
        </>
      )}
      {!devices && !isError && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
    </>
  );
}

function inUseFirst(one: Device, other: Device): number {
  const revoked = Number(one.revoked_at !== null) - Number(other.revoked_at !== null);
  return revoked || one.name.localeCompare(other.name) || one.id.localeCompare(other.id);
}
