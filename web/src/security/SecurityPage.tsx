import Button from "@mui/material/Button";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/security";
import type { Problem } from "../http/request";
import { Papers } from "../papers/Papers";
import { Bar } from "../ui/Bar";
import { ProblemNote } from "../ui/ProblemNote";
import { AccessTable } from "./AccessTable";
import { useSecurityQuery } from "./api";
import { LimitList } from "./LimitList";
import { Refused } from "./Refused";
import css from "./SecurityPage.module.css";

/** Who may do what, who tried more lately, and what keeps strangers out. Nothing is set here. */
export function SecurityPage() {
  const { t } = useTranslation(["security", "papers", "ui"]);
  const { data, error, refetch } = useSecurityQuery(undefined, { refetchOnMountOrArgChange: true });
  const waits = !data && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />;
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        {error && (
          <ProblemNote
            problem={error as Problem}
            kept={data && t("ui:kept.shown")}
            action={<Button onClick={() => refetch()}>{t("ui:tryAgain")}</Button>}
          />
        )}
        <Sheet title={t("refused.title")} words={t("refused.words")}>
          <Refused />
        </Sheet>
        <Sheet title={t("access.title")} words={t("access.words")}>
          {waits}
          {data && <AccessTable roles={data.roles} access={data.access} />}
        </Sheet>
        <Sheet title={t("limits.title")} words={t("limits.words")}>
          {waits}
          {data && <LimitList limits={data.limits} />}
        </Sheet>
        <Sheet title={t("papers:title")} words={t("papers:words")}>
          <Papers />
        </Sheet>
        <Sheet title={t("kept.title")}>
          {waits}
          {data && (
            <ul className={css.points}>
              <li>{t("kept.idle", { count: data.idle_h })}</li>
              <li>{t("kept.longest", { count: data.signed_in_days })}</li>
              <li>{t("kept.sockets")}</li>
              <li>{t("kept.scripts")}</li>
              <li>{t("kept.frames")}</li>
              <li>{t("kept.tls")}</li>
              <li>{t("kept.cookies")}</li>
            </ul>
          )}
        </Sheet>
      </main>
    </>
  );
}

function Sheet({ title, words, children }: { title: string; words?: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className={css.sheet} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {words && <p className={css.words}>{words}</p>}
      {children}
    </section>
  );
}
