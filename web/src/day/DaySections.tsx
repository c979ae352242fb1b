import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { hoursOf } from "../ui/pace";
import { Apps } from "./Apps";
import type { Day } from "./api";
import css from "./DaySections.module.css";
import { HourStrip } from "./HourStrip";
import { piecesOf } from "./hour";
import { Today } from "./Today";
import { Whys } from "./Whys";
import { zoneSaid } from "./zones";

interface Props {
  day: Day;
  /** When the picture came. */
  atMs: number;
  /** A device is known to be there now. */
  connected: boolean;
}

/** The day so far: the workday in figures, the last hour to the minute and why it counts so, and the apps. */
export function DaySections({ day, atMs, connected }: Props) {
  const { t } = useTranslation("person");
  const endMs = Math.max(atMs, Date.parse(day.until_at));
  const pieces = piecesOf(day, endMs, connected);
  return (
    <>
      <Section title={t("today.title")}>
        <Today day={day} atMs={atMs} />
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

/** A part of a panel or a sheet, set off by a hairline. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css.section}>
      <h3 className={css.title}>{title}</h3>
      {children}
    </section>
  );
}
