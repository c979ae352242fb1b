import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { FIELDS } from "../policy/api";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock } from "../ui/time";
import { type Change, usePolicyHistoryInfiniteQuery } from "./api";
import css from "./PlaceForm.module.css";
import page from "./PoliciesPage.module.css";
import { saidAs } from "./said";

/** Every change, newest first: who, when, of what, old and new, and why. */
export function History() {
  const { t } = useTranslation(["policies", "policy", "ui"]);
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = usePolicyHistoryInfiniteQuery(
    undefined,
    { refetchOnMountOrArgChange: true },
  );
  const changes = data?.pages.flatMap((page) => page.changes) ?? [];
  return (
    <div className={css.form}>
      <h2 className={css.title}>{t("history.title")}</h2>
      {error && (
        <ProblemNote
          problem={error as Problem}
          kept={data && t("ui:kept.shown")}
          action={<Button onClick={() => refetch()}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {data && changes.length === 0 && (
        <Empty icon="recent" title={t("history.none")}>
          {t("history.noneWords")}
        </Empty>
      )}
      {!data && !error && <div className={page.skeleton} role="status" aria-label={t("loading")} />}
      {changes.length > 0 && (
        <ul className={css.history} aria-label={t("history.title")}>
          {changes.map((change) => (
            <li key={change.id}>
              <p className={css.head}>
                <b>{aboutOf(change)}</b>
                <span>{change.by?.name ?? "–"}</span>
                <time dateTime={change.at}>{dayAndClock(change.at)}</time>
              </p>
              {FIELDS.filter((field) => saidOf(change.old, field) !== saidOf(change.new, field)).map((field) => (
                <p key={field}>
                  {t("policy:change", {
                    field: t(`policy:field.${field}`),
                    old: saidOf(change.old, field),
                    new: saidOf(change.new, field),
                  })}
                </p>
              ))}
              <p className={css.reason}>
                <bdi>{change.reason}</bdi>
              </p>
              {change.state !== "made" && (
                <p className={css.state}>
                  {t(`history.state.${change.state}`, { name: change.decided_by?.name ?? "–" })}
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      {hasNextPage && (
        <Button onClick={() => fetchNextPage()} disabled={isFetchingNextPage}>
          {t("history.older")}
        </Button>
      )}
    </div>
  );

  function aboutOf({ scope, about }: Change): string {
    return scope === "organisation" || scope === "ceiling" ? t(`history.about.${scope}`) : (about?.name ?? "–");
  }

  function saidOf(settings: Change["old"], field: (typeof FIELDS)[number]): string {
    return settings[field] === undefined ? t("history.inherited") : saidAs(field, settings[field]);
  }
}
