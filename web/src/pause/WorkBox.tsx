import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import "../i18n/en/pause";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { clock } from "../ui/time";
import { type Paused, useEndWorkMutation, useStartWorkMutation } from "./api";
import css from "./PauseBox.module.css";

/** Work outside one's hours: started and ended by oneself alone. Nothing of it within them. */
export function WorkBox({ data: { startable, started: known, pause }, now }: { data: Paused; now: number }) {
  const { t } = useTranslation(["pause", "ui"]);
  const [start, starting] = useStartWorkMutation();
  const [end, ending] = useEndWorkMutation();
  const busy = starting.isLoading || ending.isLoading;
  const problem = (starting.error ?? ending.error) as Problem | undefined;
  const started = known && Date.parse(known.until_at) > now ? known : null;
  if (!started && !startable) {
    return null;
  }
  return (
    <section className={css.work} aria-label={t("work.title")}>
      <h3>{t("work.title")}</h3>
      {problem && <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.unchanged") : undefined} />}
      <div role="status">
        {started ? (
          <div className={css.holds} data-kind="work">
            <Icon name="active" size={20} className={css.icon} />
            <div>
              <b>{t("work.now", { since: clock(started.since_at), until: clock(started.until_at) })}</b>
              <p>{t(pause ? "work.within" : "work.means")}</p>
            </div>
          </div>
        ) : (
          <p className={css.outside}>{t("work.outside")}</p>
        )}
      </div>
      {started ? (
        <Button disabled={busy} onClick={() => end()}>
          {t("work.end")}
        </Button>
      ) : (
        startable && (
          <>
            <Button disabled={busy || pause !== null} startIcon={<Icon name="active" />} onClick={() => start()}>
              {t("work.start")}
            </Button>
            <p className={css.note}>
              {pause ? t("work.paused") : t("work.limit", { until: clock(startable.until_at) })}
            </p>
          </>
        )
      )}
    </section>
  );
}
