import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useEffect, useId, useRef } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { countdown } from "../ui/time";
import { useNow } from "../ui/useNow";
import { type EnrolmentCode, useDevicesQuery, useMakeCodeMutation } from "./api";
import { Command } from "./Command";
import css from "./Dialog.module.css";

const POLL_MS = 2_000;
/** Codes of the web last ten minutes. */
const LIFE_MAX_S = 600;

/** Shows a one-time code, and waits for the device that uses it. */
export function EnrolDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["devices", "ui"]);
  const title = useId();
  const now = useNow(1000);
  const [makeCode, { data: code, fulfilledTimeStamp, error, isLoading }] = useMakeCodeMutation();
  const { data: devices } = useDevicesQuery(undefined, { pollingInterval: POLL_MS });
  const asked = useRef(false);
  const before = useRef<Set<string> | null>(null);

  useEffect(() => {
    if (!asked.current) {
      asked.current = true;
      makeCode();
    }
  }, [makeCode]);
  if (devices && before.current === null) {
    before.current = new Set(devices.map((device) => device.id));
  }

  const enrolled = devices?.find((device) => !before.current?.has(device.id) && !device.revoked_at);
  const came = fulfilledTimeStamp ?? now;
  const leftS = code ? lifeS(code, came) - Math.max(0, now - came) / 1000 : 0;
  return (
    <Dialog open onClose={onClose} aria-labelledby={title} fullWidth maxWidth="sm">
      <DialogTitle id={title} className={css.title ?? ""}>
        {enrolled ? t("enrolling.enrolled") : t("enrol")}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        {error && (
          <ProblemNote
            problem={error as Problem}
            action={<Button onClick={() => makeCode()}>{t("ui:tryAgain")}</Button>}
          />
        )}
        {isLoading && <div className={css.box} role="status" aria-label={t("enrolling.making")} />}
        {!enrolled && code && leftS > 0 && (
          <>
            <p>{t("enrolling.run")}</p>
            <Command text={code.command || `daylight agent enrol --hub ${location.origin} ${code.code}`} />
            <p>{t("enrolling.alone")}</p>
            <div className={css.box}>
              <output className={css.code} aria-label={t("enrolling.code")}>
                {code.code}
              </output>
              <span className={css.left}>
                <Trans
                  ns="devices"
                  i18nKey="enrolling.left"
                  values={{ left: countdown(leftS) }}
                  components={{ time: <span role="timer" /> }}
                />
              </span>
            </div>
          </>
        )}
        {!enrolled && code && leftS <= 0 && <p>{t("enrolling.over")}</p>}
        <p className={css.waiting} role="status" data-enrolled={enrolled?.id}>
          {enrolled ? (
            <>
              <Icon name="check" className={css.good} />
              <b>{t("enrolling.named", { name: enrolled.name })}</b>
            </>
          ) : (
            code && leftS > 0 && t("enrolling.waiting")
          )}
        </p>
        <p className={css.collected}>
          <Icon name="ledger" size={14} />
          <span>{t("enrolling.collected")}</span>
        </p>
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        {code && !enrolled && leftS <= 0 && (
          <Button variant="contained" color="primary" onClick={() => makeCode()}>
            {t("enrolling.again")}
          </Button>
        )}
        <Button onClick={onClose}>{enrolled ? t("ui:done") : t("ui:close")}</Button>
      </DialogActions>
    </Dialog>
  );
}

/** How long the code had when it came. A figure that cannot be (this computer's clock is wrong) is not believed. */
function lifeS(code: EnrolmentCode, cameAtMs: number): number {
  const s = (Date.parse(code.expires_at) - cameAtMs) / 1000;
  return s > 0 && s < LIFE_MAX_S ? s : LIFE_MAX_S;
}
