import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { clock, dayAndClock, written } from "../ui/time";
import { type Look, useLooksInfiniteQuery } from "./api";
import css from "./Looks.module.css";

const DAY_MS = 86_400_000;

/** Who looked at me, newest first, by day. */
export function Looks({ now }: { now: number }) {
  const { t } = useTranslation(["mydata", "ui"]);
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useLooksInfiniteQuery(undefined, {
    refetchOnMountOrArgChange: true,
  });
  const looks = data?.pages.flatMap((page) => page.looks) ?? [];
  const again = () => (data ? fetchNextPage() : refetch());
  return (
    <>
      {error && (
        <ProblemNote
          problem={error as Problem}
          kept={data && t("ui:kept.shown")}
          action={<Button onClick={again}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {!data && !error && <div className={css.skeleton} role="status" aria-label={t("looks.loading")} />}
      {data && looks.length === 0 && (
        <div className={css.none}>
          <Empty icon="ledger" title={t("looks.none")}>
            {t("looks.noneWords")}
          </Empty>
        </div>
      )}
      {byDay(looks).map(([first, ofDay]) => (
        <section key={first.id} className={css.day}>
          <h3 className={css.date}>{dateOf(first.at)}</h3>
          <ul aria-label={dateOf(first.at)}>
            {byMinute(ofDay).map(({ look, times }) => (
              <li key={look.id} className={css.look} data-kind={look.kind}>
                <Icon name={look.kind === "person" ? "ledger" : "live"} size={14} className={css.icon} />
                <span className={css.what}>
                  <b>{look.by.name}</b> {whatOf(look)}
                  {times > 1 && <span className={css.times}> {t("looks.times", { count: times })}</span>}
                </span>
                <time className={css.time} dateTime={look.at} title={dayAndClock(look.at)}>
                  {clock(look.at)}
                </time>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {hasNextPage && (
        <Button className={css.older ?? ""} onClick={() => fetchNextPage()} disabled={isFetchingNextPage}>
          {t("looks.older")}
        </Button>
      )}
      {data && !hasNextPage && data.pages.length > 1 && <p className={css.all}>{t("looks.all")}</p>}
    </>
  );

  function dateOf(at: string): string {
    if (sameDay(at, now)) {
      return t("looks.today");
    }
    return sameDay(at, now - DAY_MS)
      ? t("looks.yesterday")
      : written(at, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  }

  function whatOf({ kind, team }: Look): string {
    if (kind === "person") {
      return t("looks.person");
    }
    return team ? t("looks.wall", { team: team.name }) : t("looks.wallOnly");
  }
}

/** Looks of the same day of this browser's zone, each day with its first. */
function byDay(looks: Look[]): [Look, Look[]][] {
  const days: [Look, Look[]][] = [];
  for (const look of looks) {
    const last = days.at(-1);
    if (last && sameDay(last[0].at, look.at)) {
      last[1].push(look);
    } else {
      days.push([look, [look]]);
    }
  }
  return days;
}

/** Neighbours that differ in nothing but seconds are one line: a page that was loaded again. */
function byMinute(looks: Look[]): { look: Look; times: number }[] {
  const lines: { look: Look; times: number }[] = [];
  for (const look of looks) {
    const last = lines.at(-1);
    if (last && said(last.look) === said(look)) {
      last.times += 1;
    } else {
      lines.push({ look, times: 1 });
    }
  }
  return lines;
}

function said({ at, kind, by, team }: Look): string {
  return [dayAndClock(at), kind, by.id, team?.id].join();
}

function sameDay(one: string | number, other: string | number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
