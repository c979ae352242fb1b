import Button from "@mui/material/Button";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { i18n } from "../i18n/i18n";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { clock, dayAndClock, written } from "../ui/time";
import { useSeen } from "../ui/useSeen";
import { type Look, useLooksInfiniteQuery, useNewestLookQuery } from "./api";
import css from "./Looks.module.css";

const DAY_MS = 86_400_000;
/** A wall that stays open is noted within the first minutes of each hour. */
const NOTED_MS = 3_900_000;

/** Somebody who looks right now is on the page within a second, as long as it is before somebody's eyes. */
const NEWEST_MS = 800;
/** So long it is told to a screen reader as something that happens. */
const JUST_MS = 60_000;

/** Who looked at me, newest first, by day. */
export function Looks({ now }: { now: number }) {
  const { t } = useTranslation(["mydata", "ui"]);
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useLooksInfiniteQuery(undefined, {
    refetchOnMountOrArgChange: true,
  });
  const looks = data?.pages.flatMap((page) => page.looks) ?? [];
  const seen = useSeen();
  const { data: newest } = useNewestLookQuery(undefined, { pollingInterval: seen ? NEWEST_MS : 0 });
  const [latest] = newest?.looks ?? [];
  const isNew = data !== undefined && latest !== undefined && latest.id > (looks[0]?.id ?? 0);
  useEffect(() => {
    if (isNew) {
      refetch();
    }
  }, [isNew, refetch]);
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
      <p role="status" className={css.said}>
        {looks[0] && now - Date.parse(looks[0].at) < JUST_MS
          ? `${looks[0].by.name || t("looks.erased")} ${whatOf(looks[0])}`
          : ""}
      </p>
      {byDay(looks).map(([first, ofDay]) => (
        <section key={first.id} className={css.day}>
          <h3 className={css.date}>{dateOf(first.at)}</h3>
          <ul aria-label={dateOf(first.at)}>
            {linesOf(ofDay).map(({ look, first, times }) => (
              <li key={look.id} className={css.look} data-kind={look.kind}>
                <Icon name={look.kind === "person" ? "ledger" : "live"} size={14} className={css.icon} />
                <span className={css.what}>
                  <b>{look.by.name || t("looks.erased")}</b> {whatOf(look)}
                  {look.reason && <q className={css.reason}>{look.reason}</q>}
                  {times > 1 && (
                    <span className={css.times}>
                      {" "}
                      {t(`looks.${look.kind === "wall" ? "noted" : "times"}`, { count: times })}
                    </span>
                  )}
                </span>
                <time className={css.time} dateTime={look.at} title={dayAndClock(look.at)}>
                  {timeOf({ look, first, times })}
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

  function whatOf({ kind, team, client }: Look): string {
    if (kind === "person") {
      return t(client ? "looks.program" : "looks.person");
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

interface Line {
  /** The newest and the oldest of these. */
  look: Look;
  first: Look;
  times: number;
}

/**
 * A wall that stays open is noted once an hour: what was noted without a longer pause is one line, from the first to the last. So are
 * looks at a person that differ in nothing but seconds.
 */
function linesOf(looks: Look[]): Line[] {
  const lines: Line[] = [];
  for (const look of looks) {
    const goesOn = lines.find(({ first }) => said(first) === said(look) && near(look, first));
    if (goesOn) {
      goesOn.first = look;
      goesOn.times += 1;
    } else {
      lines.push({ look, first: look, times: 1 });
    }
  }
  return lines;
}

function near(earlier: Look, later: Look): boolean {
  return earlier.kind === "wall"
    ? Date.parse(later.at) - Date.parse(earlier.at) <= NOTED_MS
    : clock(earlier.at) === clock(later.at);
}

function said({ kind, by, client, team, reason }: Look): string {
  return [kind, client, by.id, team?.id, reason].join();
}

function timeOf({ look, first }: Line): string {
  const [from, until] = [clock(first.at), clock(look.at)];
  return from === until ? until : i18n.t("person:range", { from, until });
}

function sameDay(one: string | number, other: string | number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
