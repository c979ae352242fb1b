import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { Beside } from "../ui/Beside";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import { useNow } from "../ui/useNow";
import { type DeviceDetail, useDeviceQuery } from "./api";
import { conditionOf } from "./condition";
import css from "./DevicePanel.module.css";
import { Happened } from "./Happened";
import { clockOf } from "./health";
import { RekeyDialog } from "./RekeyDialog";
import { Rename } from "./Rename";
import { Seen } from "./Seen";

const REFRESH_MS = 15_000;
const NOT_FOUND = 404;

interface Props {
  id: string;
  onRevoke: (device: DeviceDetail) => void;
  onClose: () => void;
}

/** A device looked at closely: how it is, what happened to it and why, its name and its key. */
export function DevicePanel({ id, onRevoke, onClose }: Props) {
  const { t } = useTranslation(["devices", "ui"]);
  const { currentData, error, refetch } = useDeviceQuery(id, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  const problem = error as Problem | undefined;
  const gone = problem?.status === NOT_FOUND;
  return (
    <Beside title={currentData?.name ?? t("panel.title")} about={currentData?.person_name} onClose={onClose}>
      {gone && (
        <Empty icon="screen" title={t("panel.gone")} action={<Button onClick={onClose}>{t("ui:close")}</Button>}>
          {t("panel.goneWords")}
        </Empty>
      )}
      {problem && !gone && (
        <ProblemNote
          problem={problem}
          kept={currentData && t("ui:kept.shown")}
          action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {!currentData && !problem && <div className={css.skeleton} role="status" aria-label={t("panel.loading")} />}
      {currentData && !gone && <Opened key={id} device={currentData} onRevoke={() => onRevoke(currentData)} />}
    </Beside>
  );
}

function Opened({ device, onRevoke }: { device: DeviceDetail; onRevoke: () => void }) {
  const { t } = useTranslation("devices");
  const now = useNow(10_000);
  const [rekeying, setRekeying] = useState(false);
  const condition = conditionOf(device, now);
  const { system, version, unsent, lost = 0, set_aside = 0, skew_ms, revoked_at } = device;
  const facts: [string, string][] = [
    [t("panel.system"), system || t("panel.unknown")],
    [t("all.version"), version || t("panel.unknown")],
    [
      t("panel.unsent"),
      unsent === null || unsent === undefined ? t("panel.unknown") : t("panel.events", { count: unsent }),
    ],
    [t("panel.clock"), clockOf(skew_ms) ?? t(typeof skew_ms === "number" ? "panel.clockRight" : "panel.unknown")],
    [t("panel.lost"), t("panel.events", { count: lost })],
    [t("panel.setAside"), t("panel.events", { count: set_aside })],
  ];
  return (
    <>
      <section className={css.section}>
        <Seen device={device} now={now} />
        {condition !== "connected" && condition !== "seen" && <p className={css.todo}>{t(`todo.${condition}`)}</p>}
        <dl className={css.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <p className={css.note}>{t("panel.asOf")}</p>
      </section>
      <Rename device={device} />
      {!revoked_at && (
        <section className={css.section}>
          <h3 className={css.title}>{t("panel.key")}</h3>
          <p className={css.note}>{t("panel.keyWords")}</p>
          <p className={css.acts}>
            <Button onClick={() => setRekeying(true)}>{t("rekey")}</Button>
            <Button color="error" onClick={onRevoke}>
              {t("revoke")}
            </Button>
          </p>
        </section>
      )}
      <section className={css.section}>
        <h3 className={css.title}>{t("panel.happened")}</h3>
        <Happened device={device} />
      </section>
      {rekeying && <RekeyDialog device={device} onClose={() => setRekeying(false)} />}
    </>
  );
}
