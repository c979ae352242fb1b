import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { LanguageButton } from "../ui/LanguageButton";
import { Mark } from "../ui/Mark";
import { ThemeButton } from "../ui/ThemeButton";
import { DayPicture } from "./DayPicture";
import css from "./SignInPage.module.css";

/** What is around a form of who is not signed in: the mark, the form's title, and beside it what Daylight is. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation("session");
  useEffect(() => {
    document.title = `${title} · Daylight`;
  }, [title]);
  return (
    <div className={css.page}>
      <main className={css.form}>
        <div>
          <p className={css.brand}>
            <Mark /> Daylight
          </p>
          <h1 className={css.title}>{title}</h1>
          <p className={css.host}>{location.host}</p>
          {children}
        </div>
        <footer className={css.foot}>
          <ThemeButton />
          <LanguageButton />
        </footer>
      </main>
      <aside className={css.side} aria-label={t("about")}>
        <h2 className={css.claim}>{t("claim")}</h2>
        <DayPicture />
        <dl className={css.facts}>
          <div>
            <dt>{t("facts.collected")}</dt>
            <dd>{t("facts.collectedWords")}</dd>
          </div>
          <div>
            <dt>{t("facts.looking")}</dt>
            <dd>{t("facts.lookingWords")}</dd>
          </div>
          <div>
            <dt>{t("facts.private")}</dt>
            <dd>{t("facts.privateWords")}</dd>
          </div>
        </dl>
      </aside>
    </div>
  );
}
