import Button from "@mui/material/Button";
import { Trans, useTranslation } from "react-i18next";
import "../i18n/en/devices";
import { ProblemNote } from "../ui/ProblemNote";
import { countdown } from "../ui/time";
import { Command } from "./Command";
import css from "./EnrolCode.module.css";
import type { OneTimeCode } from "./useEnrolment";

interface Props {
  enrolment: OneTimeCode;
  /** What is to be done with the command; none: how a computer is enrolled. */
  run?: string;
}

/** The code, the command that uses it, and how long it has. */
export function EnrolCode({ enrolment, run }: Props) {
  const { t } = useTranslation(["devices", "ui"]);
  const { code, command, leftS, expired, making, problem, makeCode } = enrolment;
  return (
    <>
      {problem && <ProblemNote problem={problem} action={<Button onClick={makeCode}>{t("ui:tryAgain")}</Button>} />}
      {making && !code && <div className={css.box} role="status" aria-label={t("enrolling.making")} />}
      {code && (
        <>
          <p>{run ?? t("enrolling.run")}</p>
          <Command text={command} />
          <p className={css.where}>{t("enrolling.where")}</p>
          <p>{t("enrolling.alone")}</p>
          <div className={css.box}>
            <output className={css.code} aria-label={t("enrolling.code")} dir="ltr">
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
      {expired && !making && (
        <div className={css.over}>
          <p>{t("enrolling.over")}</p>
          <Button variant="contained" color="primary" onClick={makeCode}>
            {t("enrolling.again")}
          </Button>
        </div>
      )}
    </>
  );
}
