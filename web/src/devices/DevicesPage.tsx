import useMediaQuery from "@mui/material/useMediaQuery";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import "../i18n/en/devices";
import type { Device } from "../enrol/api";
import { Bar } from "../ui/Bar";
import { AllDevices } from "./AllDevices";
import type { OwnedDevice } from "./api";
import { DevicePanel } from "./DevicePanel";
import css from "./DevicesPage.module.css";
import { EnrolDialog } from "./EnrolDialog";
import { MyDevices } from "./MyDevices";
import { RevokeDialog } from "./RevokeDialog";

interface Props {
  /** Admins see everybody's as well. */
  admin: boolean;
  /** In a demonstration nobody is told of each device that it is simulated. */
  demo: boolean;
}

/** My own devices, and for admins everybody's. Which of them, and what is dialled there, is in the address. */
export function DevicesPage({ admin, demo }: Props) {
  const { t } = useTranslation("devices");
  const [params, setParams] = useSearchParams();
  const [revoking, setRevoking] = useState<Device | OwnedDevice | null>(null);
  const phone = useMediaQuery("(max-width: 760px)");
  const all = admin && params.get("view") === "all";

  const opened = params.get("device");

  function setOpened(id: string | null) {
    const next = new URLSearchParams(params);
    if (id) {
      next.set("device", id);
    } else {
      next.delete("device");
    }
    setParams(next);
  }

  function setEnrolling(open: boolean) {
    const next = new URLSearchParams(params);
    if (open) {
      next.set("enrol", "");
    } else {
      next.delete("enrol");
    }
    setParams(next, { replace: !open });
  }

  const views = admin && (
    <nav className={css.views} aria-label={t("views")}>
      <Link to="/devices" {...(!all && { "aria-current": "page" })}>
        {t("viewMine")}
      </Link>
      <Link to="/devices?view=all" {...(all && { "aria-current": "page" })}>
        {t("viewAll")}
      </Link>
    </nav>
  );
  return (
    <>
      <Bar title={t("title")}>{!phone && views}</Bar>
      <div className={css.beside}>
        <main className={all ? `${css.page} ${css.wide}` : css.page}>
          {phone && views}
          {all ? (
            <AllDevices
              demo={demo}
              opened={opened}
              onOpen={setOpened}
              onEnrol={() => setEnrolling(true)}
              onRevoke={setRevoking}
            />
          ) : (
            <MyDevices onOpen={setOpened} onEnrol={() => setEnrolling(true)} onRevoke={setRevoking} />
          )}
        </main>
        {opened && <DevicePanel key={opened} id={opened} onRevoke={setRevoking} onClose={() => setOpened(null)} />}
      </div>
      {params.has("enrol") && <EnrolDialog onClose={() => setEnrolling(false)} />}
      {revoking && <RevokeDialog device={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}
