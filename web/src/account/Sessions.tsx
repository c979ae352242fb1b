import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock, span } from "../ui/time";
import { useNow } from "../ui/useNow";
import { type Session, useEndSessionMutation, useSessionsQuery } from "./api";
import { browserOf } from "./browser";
import css from "./Lines.module.css";
import { Section } from "./Section";

/** A session that was seen so lately is in use. */
const NOW_S = 120;

/** Where one is signed in. Ending a session closes its live pages within seconds. */
export function Sessions() {
  const { t } = useTranslation(["account", "ui"]);
  const { data: sessions, error, refetch } = useSessionsQuery(undefined, { refetchOnMountOrArgChange: true });
  const [end, { error: kept, isLoading }] = useEndSessionMutation();
  const now = useNow(30_000);
  const problem = (kept ?? error) as Problem | undefined;
  const others = sessions?.filter((session) => !session.this) ?? [];
  const seen = (session: Session) => {
    const agoS = (now - Date.parse(session.seen_at)) / 1000;
    return session.this || agoS < NOW_S ? t("sessions.now") : t("sessions.seen", { span: span(agoS) });
  };
  const named = (session: Session) => {
    const { browser, system } = browserOf(session.browser);
    return browser && system ? t("sessions.on", { browser, system }) : browser || system || t("sessions.unknown");
  };
  return (
    <Section
      title={t("sessions.title")}
      words={t("sessions.words")}
      action={
        others.length > 0 && (
          <Button disabled={isLoading} onClick={() => end(null)}>
            {t("sessions.endOthers")}
          </Button>
        )
      }
    >
      {problem && <ProblemNote problem={problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />}
      {sessions && (
        <ul className={css.lines} aria-label={t("sessions.title")}>
          {sessions.map((session) => (
            <li key={session.id} className={css.line}>
              <Icon name="screen" size={20} className={css.icon} />
              <div className={css.what}>
                <b>{named(session)}</b>
                {session.this && <span className={css.tag}>{t("sessions.this")}</span>}
                <p>
                  {[
                    seen(session),
                    session.address,
                    t("sessions.since", { time: dayAndClock(session.started_at) }),
                  ].join(" · ")}
                </p>
              </div>
              {!session.this && (
                <Button
                  disabled={isLoading}
                  onClick={() => end(session.id)}
                  aria-label={t("sessions.endNamed", { name: named(session) })}
                >
                  {t("sessions.end")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
