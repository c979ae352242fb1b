import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import "../i18n/en/mydata";
import { DaySections } from "../day/DaySections";
import { Devices } from "../day/Devices";
import { KeptNote } from "../day/KeptNote";
import { useDay } from "../day/useDay";
import { MissingNote } from "../enrol/MissingNote";
import { PauseBox } from "../pause/PauseBox";
import { MyPolicy } from "../policy/MyPolicy";
import { MyRights } from "../rights/MyRights";
import { Bar } from "../ui/Bar";
import { buttonClass } from "../ui/Button";
import { useNow } from "../ui/useNow";
import { Export } from "./Export";
import { Looks } from "./Looks";
import css from "./MyDataPage.module.css";

/** What is held about me now: what may be collected, my day so far, who looked, and which devices tell. */
export function MyDataPage({ person }: { person: number }) {
  const { t } = useTranslation(["mydata", "pause", "person", "rights"]);
  const picture = useDay(person);
  const now = useNow(10_000);
  const { day, problem } = picture;
  const bare = day?.devices.length === 0;
  const waits = !day && !problem && <div className={css.skeleton} role="status" aria-label={t("person:loading")} />;
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        {problem && (
          <div className={css.problem}>
            <KeptNote picture={picture} now={now} />
          </div>
        )}
        <div className={css.sheets}>
          <div className={css.column}>
            <Sheet title={t("collected.title")} words={t(bare ? "collected.none" : "collected.words")}>
              <MyPolicy history />
            </Sheet>
            <Sheet title={t("pause:title")} words={t("pause:words")}>
              <PauseBox />
            </Sheet>
            <Sheet title={t("devices.title")}>
              <MissingNote />
              {waits}
              {day && <Devices devices={day.devices} now={now + picture.hubAheadMs} />}
              <p className={css.manage}>
                {bare ? (
                  <Link className={buttonClass(true)} to="/devices?enrol">
                    {t("devices.enrol")}
                  </Link>
                ) : (
                  <Link to="/devices">{t("devices.manage")}</Link>
                )}
              </p>
            </Sheet>
          </div>
          <div className={css.column}>
            <Sheet title={t("day.title")} words={t("day.words")}>
              {waits}
              {day && bare && day.hour.length === 0 && <p>{t("day.none")}</p>}
              {day && !(bare && day.hour.length === 0) && <DaySections day={day} />}
            </Sheet>
            <Sheet title={t("export.title")} words={t("export.words")}>
              <Export />
            </Sheet>
            <Sheet title={t("rights:mine.title")} words={t("rights:mine.words")}>
              <MyRights me={person} />
            </Sheet>
          </div>
          <Sheet title={t("looks.title")} words={t("looks.words")}>
            <Looks now={now} />
          </Sheet>
        </div>
      </main>
    </>
  );
}

function Sheet({ title, words, children }: { title: string; words?: string; children: ReactNode }) {
  return (
    <section className={css.sheet}>
      <h2 className={css.title}>{title}</h2>
      {words && <p className={css.words}>{words}</p>}
      {children}
    </section>
  );
}
