import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { i18n } from "../i18n/i18n";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock } from "../ui/time";
import { type Refusal, useRefusalsInfiniteQuery } from "./api";
import css from "./Refused.module.css";
import { said } from "./said";

const REFRESH_MS = 30_000;

/** Tries that were refused, newest first. */
export function Refused() {
  const { t } = useTranslation(["security", "ui"]);
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useRefusalsInfiniteQuery(undefined, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  const refusals = data?.pages.flatMap((page) => page.refusals) ?? [];
  return (
    <>
      {error && (
        <ProblemNote
          problem={error as Problem}
          kept={data && t("ui:kept.shown")}
          action={<Button onClick={() => refetch()}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {!data && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
      {data && refusals.length === 0 && (
        <div className={css.none}>
          <Empty icon="check" title={t("refused.none")}>
            {t("refused.noneWords")}
          </Empty>
        </div>
      )}
      {refusals.length > 0 && (
        <ul aria-label={t("refused.title")}>
          {refusals.map((refusal) => (
            <li key={refusal.id} className={css.refusal}>
              <span className={css.what}>
                <b>{whatOf(refusal)}</b> {detailOf(refusal)}
              </span>
              <time className={css.time} dateTime={refusal.at}>
                {dayAndClock(refusal.at)}
              </time>
            </li>
          ))}
        </ul>
      )}
      {hasNextPage && (
        <Button className={css.older ?? ""} onClick={() => fetchNextPage()} disabled={isFetchingNextPage}>
          {t("refused.older")}
        </Button>
      )}
    </>
  );
}

function whatOf({ what, reason }: Refusal): string {
  const key = `security:refused.what.${what === "request_refused" ? reason : what}`;
  return i18n.exists(key) ? i18n.t(key as "security:refused.what.denied") : what.replaceAll("_", " ");
}

/** By whom, what they wanted, and of whom. */
function detailOf({ by, client, about, team, wanted }: Refusal): string {
  const parts = [
    (by ?? client)?.name || i18n.t("security:refused.somebody"),
    wanted && said("action", wanted),
    about && about.id !== by?.id && i18n.t("security:refused.about", { name: about.name }),
    team && i18n.t("security:refused.about", { name: team.name }),
  ];
  return parts.filter(Boolean).join(" · ");
}
