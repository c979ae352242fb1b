import { useEffect, useImperativeHandle, useState } from "react";
import { useTranslation } from "react-i18next";
import { Command } from "../enrol/Command";
import { EnrolCode } from "../enrol/EnrolCode";
import { useEnrolment } from "../enrol/useEnrolment";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useFinishSetUpMutation } from "./api";
import css from "./DeviceStep.module.css";
import type { StepProps } from "./step";

/** The computer that this person works on, from the code to the first data. Leaving it finishes the set-up. */
export function DeviceStep({ ref, admin, draft, put, onChanged }: StepProps) {
  const { t } = useTranslation("setup");
  const enrolment = useEnrolment();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [finish] = useFinishSetUpMutation();

  const own = enrolment.devices?.filter((device) => !device.revoked_at && !device.simulated) ?? [];
  const device = enrolment.enrolled ?? own[0];
  const seen = own.some(({ last_seen_at }) => last_seen_at !== null);

  const name = device?.name;
  useEffect(() => {
    if (name && name !== draft.device) {
      put({ device: name });
    }
  }, [name, draft.device, put]);

  useImperativeHandle(ref, () => ({
    async save(forward) {
      setProblem(null);
      if (forward && !admin.organisation.set_up) {
        const { error } = await finish();
        if (error) {
          setProblem(error as Problem);
          return false;
        }
      }
      await onChanged();
      return true;
    },
  }));

  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      {!device && <EnrolCode enrolment={enrolment} />}
      <ol className={css.stages} aria-live="polite">
        <Stage done={Boolean(device)}>
          {device ? t("device.enrolled", { name: device.name }) : t("device.enrolWaiting")}
        </Stage>
        {device && !seen && (
          <li className={css.start}>
            <p>{t("device.startWords")}</p>
            <Command text="daylight agent run" />
          </li>
        )}
        <Stage done={seen}>{seen ? t("device.started") : t("device.startWaiting")}</Stage>
      </ol>
    </>
  );
}

function Stage({ done, children }: { done: boolean; children: string }) {
  return (
    <li className={css.stage} data-done={done || undefined}>
      <Icon name={done ? "check" : "stale"} />
      <span>{children}</span>
    </li>
  );
}
