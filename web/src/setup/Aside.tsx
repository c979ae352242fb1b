import { useTranslation } from "react-i18next";
import { MyPolicy } from "../policy/MyPolicy";
import { Icon } from "../ui/Icon";
import { PaceBar } from "../ui/PaceBar";
import { StateMark } from "../ui/StateMark";
import { hoursMinutes } from "../ui/time";
import css from "./Aside.module.css";
import type { StepLine } from "./Steps";

const EXAMPLE_DAY_MIN = 480;
const PACE = { done: 44, notch: 60, over: null };

/** Beside each step: what it is used for, so that nobody sets something without knowing. `dayMin`: what the form expects of a day. */
export function Aside({ step, dayMin }: { step: StepLine["key"]; dayMin: number }) {
  if (step === "done") {
    return null;
  }
  const Why = { organisation: WhyZone, hours: WhyHours, team: WhyTeam, device: WhyDevice }[step];
  return (
    <aside className={css.aside}>
      <Why dayMin={dayMin || EXAMPLE_DAY_MIN} />
    </aside>
  );
}

function WhyZone() {
  const { t } = useTranslation("setup");
  return (
    <>
      <h3>{t("organisation.why")}</h3>
      <p>{t("organisation.whyDay")}</p>
      <p>{t("organisation.whyNew")}</p>
      <p>{t("organisation.whyStored")}</p>
    </>
  );
}

function WhyHours({ dayMin }: { dayMin: number }) {
  const { t } = useTranslation("setup");
  const day = hoursMinutes(dayMin * 60);
  const worked = hoursMinutes(dayMin * 0.6 * PACE.done);
  const byNow = hoursMinutes(dayMin * 0.6 * PACE.notch);
  return (
    <>
      <h3>{t("hours.why")}</h3>
      <p>{t("hours.whyBar")}</p>
      <div className={css.pace}>
        <PaceBar pace={PACE} />
        <dl>
          <div>
            <dt>{t("hours.worked")}</dt>
            <dd>{worked}</dd>
          </div>
          <div>
            <dt>{t("hours.byNow")}</dt>
            <dd>{byNow}</dd>
          </div>
          <div>
            <dt>{t("hours.day")}</dt>
            <dd>{day}</dd>
          </div>
        </dl>
      </div>
      <p>{t("hours.whyOnly")}</p>
      <p>{t("hours.whyAll")}</p>
    </>
  );
}

function WhyTeam() {
  const { t } = useTranslation("setup");
  return (
    <>
      <h3>{t("team.example")}</h3>
      <div className={css.tile}>
        <p className={css.state}>
          <StateMark state="active" /> {t("team.exampleFor")}
        </p>
        <p className={css.name}>{t("team.exampleName")}</p>
        <p>{t("team.exampleApp")}</p>
        <p className={css.today}>{t("team.exampleToday")}</p>
        <PaceBar pace={PACE} />
      </div>
      <p className={css.note}>{t("team.exampleNote")}</p>
      <p className={css.ledger}>
        <Icon name="ledger" size={14} />
        <span>{t("team.ledger")}</span>
      </p>
    </>
  );
}

function WhyDevice() {
  const { t } = useTranslation("setup");
  return (
    <>
      <h3>{t("device.policy")}</h3>
      <MyPolicy />
      <p className={css.ledger}>
        <Icon name="ledger" size={14} />
        <span>{t("device.checked")}</span>
      </p>
    </>
  );
}
