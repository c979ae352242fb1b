import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { hoursSaid } from "../forms/hours";
import { spoken } from "../forms/zones";
import { hoursOf } from "../ui/pace";
import { Apps } from "./Apps";
import type { Day } from "./api";
import css from "./DaySections.module.css";
import { isThere } from "./Devices";
import { HourStrip } from "./HourStrip";
import { hasLeft, type Presence, piecesOf } from "./hour";
import { Today } from "./Today";
import { Whys } from "./Whys";
import { zoneSaid } from "./zones";

interface Props {
  day: Day;
  /** What the wall knows of them now; without it, when their devices were last seen. */
  connected?: boolean | undefined;
}

/** The day so far: the workday in figures, the last hour to the minute and why it counts so, and the apps. */
export function DaySections({ day, connected }: Props) {
  const { t } = useTranslation("person");
  const endMs = Date.parse(day.read_at);
  const pieces = piecesOf(day, endMs, presenceOf(day, connected));
  return (
    <>
      <Section title={t("today.title")}>
        <Today day={day} />
        {day.person.working_hours && (
          <p className={css.usual}>
            {t("workingHours", { hours: hoursSaid(day.person.working_hours), zone: spoken(day.person.zone) })}
          </p>
        )}
      </Section>
      <Section title={t("hour.title")}>
        <HourStrip pieces={pieces} endMs={endMs} lit={hoursOf(day.today)} />
        <p className={css.zone}>{zoneSaid(day)}</p>
      </Section>
      <Section title={t("why")}>
        <Whys pieces={pieces} zone={day.person.zone} />
      </Section>
      <Section title={t("apps.title")}>
        <Apps day={day} />
      </Section>
    </>
  );
}

function presenceOf(day: Day, connected?: boolean): Presence {
  if (hasLeft(day)) {
    return "left";
  }
  const readMs = Date.parse(day.read_at);
  return (connected ?? day.devices.some((device) => isThere(device, readMs))) ? "connected" : "unconnected";
}

/** A part of a panel or a sheet, set off by a hairline. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css.section}>
      <h3 className={css.title}>{title}</h3>
      {children}
    </section>
  );
}
