import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { EnrolCode } from "../enrol/EnrolCode";
import { useOneTimeCode } from "../enrol/useEnrolment";
import css from "../ui/Dialog.module.css";
import { Icon } from "../ui/Icon";
import { type DeviceDetail, useDeviceQuery, useMakeKeyCodeMutation } from "./api";
import own from "./EnrolDialog.module.css";

const POLL_MS = 2_000;

/** Another key for the same device: shows the code, and waits until the device has used it. */
export function RekeyDialog({ device, onClose }: { device: DeviceDetail; onClose: () => void }) {
  const { t } = useTranslation(["devices", "ui"]);
  const title = useId();
  const before = useRef(device.rekeyed_at);
  const [make, made] = useMakeKeyCodeMutation();
  const oneTime = useOneTimeCode(() => void make(device.id), made);
  const { data } = useDeviceQuery(device.id, { pollingInterval: POLL_MS });
  const done = Boolean(data && data.rekeyed_at !== before.current);
  return (
    <Dialog open onClose={onClose} aria-labelledby={title} fullWidth maxWidth="sm">
      <DialogTitle id={title} className={css.title ?? ""}>
        {done ? t("rekeying.done") : t("rekeying.title", { name: device.name })}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        {!done && <p>{t("rekeying.words")}</p>}
        {!done && <EnrolCode enrolment={oneTime} run={t("rekeying.run")} />}
        <p className={own.waiting} role="status">
          {done ? (
            <>
              <Icon name="check" className={own.good} />
              <b>{t("rekeying.named", { name: device.name })}</b>
            </>
          ) : (
            oneTime.code && t("enrolling.waiting")
          )}
        </p>
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button onClick={onClose}>{done ? t("ui:done") : t("ui:close")}</Button>
      </DialogActions>
    </Dialog>
  );
}
