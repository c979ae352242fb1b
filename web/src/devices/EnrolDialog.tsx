import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { EnrolCode } from "../enrol/EnrolCode";
import { useEnrolment } from "../enrol/useEnrolment";
import { MyPolicy } from "../policy/MyPolicy";
import css from "../ui/Dialog.module.css";
import { Icon } from "../ui/Icon";
import own from "./EnrolDialog.module.css";

/** Shows a one-time code, and waits for the device that uses it. */
export function EnrolDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["devices", "ui"]);
  const title = useId();
  const enrolment = useEnrolment();
  const { enrolled, code } = enrolment;
  return (
    <Dialog open onClose={onClose} aria-labelledby={title} fullWidth maxWidth="sm">
      <DialogTitle id={title} className={css.title ?? ""}>
        {enrolled ? t("enrolling.enrolled") : t("enrol")}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        {!enrolled && <EnrolCode enrolment={enrolment} />}
        <p className={own.waiting} role="status" data-enrolled={enrolled?.id}>
          {enrolled ? (
            <>
              <Icon name="check" className={own.good} />
              <b>{t("enrolling.named", { name: enrolled.name })}</b>
            </>
          ) : (
            code && t("enrolling.waiting")
          )}
        </p>
        <section className={own.collected} aria-label={t("enrolling.policy")}>
          <p>
            <Icon name="ledger" size={14} />
            <span>{t("enrolling.collected")}</span>
          </p>
          <MyPolicy />
        </section>
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button onClick={onClose}>{enrolled ? t("ui:done") : t("ui:close")}</Button>
      </DialogActions>
    </Dialog>
  );
}
