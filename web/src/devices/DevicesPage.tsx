import useMediaQuery from "@mui/material/useMediaQuery";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import "../i18n/en/devices";
import type { Device } from "../enrol/api";
import { Bar } from "../ui/Bar";
import { AllDevices } from "./AllDevices";
import { ApproveDialog } from "./ApproveDialog";
import type { OwnedDevice } from "./api";
import { DevicePanel } from "./DevicePanel";
import css from "./DevicesPage.module.css";
import { EnrolDialog } from "./EnrolDialog";
import { MyDevices } from "./MyDevices";
import { RevokeDialog } from "./RevokeDialog";
import { RollOutDialog } from "./RollOutDialog";

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
    const next = new URLSearchParams(location.search); // not as it was drawn: two things may be clicked at once
    if (id) {
      next.set("device", id);
    } else {
      next.delete("device");
    }
    setParams(next);
  }

  /** Opens a dialog under its name in the address, or closes it. */
  function put(name: "enrol" | "confirm" | "codes", value: string | null) {
    const next = new URLSearchParams(location.search);
    if (value === null) {
      next.delete(name);
    } else {
      next.set(name, value);
    }
    setParams(next, { replace: value === null });
  }

  const confirmation = params.get("confirm");

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
              onRollOut={() => put("codes", "")}
              onEnrol={() => put("enrol", "")}
              onRevoke={setRevoking}
            />
          ) : (
            <MyDevices
              onOpen={setOpened}
              onApprove={(code) => put("confirm", code)}
              onEnrol={() => put("enrol", "")}
              onRevoke={setRevoking}
            />
          )}
        </main>
        {opened && <DevicePanel key={opened} id={opened} onRevoke={setRevoking} onClose={() => setOpened(null)} />}
      </div>
      {params.has("enrol") && <EnrolDialog onClose={() => put("enrol", null)} />}
      {confirmation !== null && <ApproveDialog confirmation={confirmation} onClose={() => put("confirm", null)} />}
      {admin && params.has("codes") && <RollOutDialog onClose={() => put("codes", null)} />}
      {revoking && <RevokeDialog device={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}
