import Button from "@mui/material/Button";
import { useState } from "react";
import { useSearchParams } from "react-router";
import type { Problem } from "../http/request";
import { Bar } from "../ui/Bar";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useNow } from "../ui/useNow";
import { type Device, useDevicesQuery } from "./api";
import { DeviceLine } from "./DeviceLine";
import css from "./DevicesPage.module.css";
import { EnrolDialog } from "./EnrolDialog";
import { RevokeDialog } from "./RevokeDialog";

const REFRESH_MS = 15_000;

/** My own devices: which there are, a new one, an old one out. */
export function DevicesPage({ zone }: { zone: string }) {
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
      <Bar title="Devices" />
      <main className={devices?.length === 0 ? css.empty : css.page}>
        {isError && <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>Try again</Button>} />}
        {devices?.length === 0 && (
          <Empty
            icon="screen"
            title="You have no devices yet"
            action={
              <Button variant="contained" color="primary" onClick={enrol}>
                Enrol a device
              </Button>
            }
          >
            Enrol the computer you work on, and your team sees your state and the app in front. Window titles, sites,
            screenshots and what you type are not collected.
          </Empty>
        )}
        {sorted.length > 0 && (
          <>
            <div className={css.head}>
              <div className={css.about}>
                <h2>My devices</h2>
                <p>
                  <Icon name="ledger" size={14} />
                  <span>
                    Collected from them: your state (active, idle, locked, …), when there was input, and the app in
                    front. Not collected: window titles, sites, screenshots, what you type.
                  </span>
                </p>
              </div>
              <Button variant="contained" color="primary" startIcon={<Icon name="plus" />} onClick={enrol}>
                Enrol a device
              </Button>
            </div>
            <ul className={css.sheet} aria-label="My devices">
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
        {!devices && !isError && <div className={css.skeleton} role="status" aria-label="Loading your devices" />}
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
