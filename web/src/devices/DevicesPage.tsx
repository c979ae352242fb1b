import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type Device, useDevicesQuery } from "../enrol/api";
import type { Problem } from "../http/request";
import { Bar } from "../ui/Bar";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useNow } from "../ui/useNow";
import { DeviceLine } from "./DeviceLine";
import css from "./DevicesPage.module.css";
import { EnrolDialog } from "./EnrolDialog";
import { RevokeDialog } from "./RevokeDialog";

const REFRESH_MS = 15_000;

/** My own devices: which there are, a new one, an old one out. */
export function DevicesPage({ zone }: { zone: string }) {
  const { t } = useTranslation(["devices", "ui"]);
  const {
    data: devices,
    error,
    isError,
    refetch,
  } = useDevicesQuery(undefined, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  const [params, setParams] = useSearchParams();
  const [revoking, setRevoking] = useState<Device | null>(null);
  const now = useNow(10_000);
  const enrolling = params.has("enrol");
  const enrol = () => setParams({ enrol: "" });
  const sorted = [...(devices ?? [])].sort(inUseFirst);

  return (
    <>
      <Bar title={t("title")} />
      <main className={devices?.length === 0 ? css.empty : css.page}>
        {isError && (
          <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
        )}
        {devices?.length === 0 && (
          <Empty
            icon="screen"
            title={t("empty.title")}
            action={
              <Button variant="contained" color="primary" onClick={enrol}>
                {t("enrol")}
              </Button>
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
                  <span>{t("collected")}</span>
                </p>
              </div>
              <Button variant="contained" color="primary" startIcon={<Icon name="plus" />} onClick={enrol}>
                {t("enrol")}
              </Button>
            </div>
            <ul className={css.sheet} aria-label={t("mine")}>
              {sorted.map((device) => (
                <DeviceLine
                  key={device.id}
                  device={device}
                  now={now}
                  zone={zone}
                  onRevoke={() => setRevoking(device)}
                />
              ))}
            </ul>
          </>
        )}
        {!devices && !isError && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
      </main>
      {enrolling && <EnrolDialog onClose={() => setParams({}, { replace: true })} />}
      {revoking && <RevokeDialog device={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function inUseFirst(one: Device, other: Device): number {
  const revoked = Number(one.revoked_at !== null) - Number(other.revoked_at !== null);
  return revoked || one.name.localeCompare(other.name) || one.id.localeCompare(other.id);
}
