import Button from "@mui/material/Button";
import { type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSelector } from "react-redux";
import { useSearchParams } from "react-router";
import { Bar } from "../ui/Bar";
import { ProblemNote } from "../ui/ProblemNote";
import type { State } from "../ui/StateMark";
import { useNow } from "../ui/useNow";
import { arrange, EVERYBODY } from "./arrange";
import { Board } from "./board";
import { Counts } from "./Counts";
import { Find } from "./Find";
import { freshnessOf } from "./freshness";
import { LiveBadge } from "./LiveBadge";
import css from "./LivePage.module.css";
import { PeopleTable } from "./PeopleTable";
import { Skeleton } from "./Skeleton";
import type { LiveState } from "./slice";
import { type LiveLinkEvents, useLiveLink } from "./useLiveLink";
import { STATES } from "./wall";

interface Props extends LiveLinkEvents {
  /** In place of the wall: to who sees no team, and to who sees teams with nobody in them. What to do next depends on who that is. */
  nobody: ReactNode;
  unpeopled: ReactNode;
}

/** What is happening in my teams now. The filter is in the address, so a link shows the same. */
export function LivePage({ nobody, unpeopled, ...events }: Props) {
  const { t } = useTranslation(["live", "ui"]);
  const [attempt, setAttempt] = useState(0);
  useLiveLink(attempt, events);
  const live = useSelector((state: { live: LiveState }) => state.live);
  const now = useNow(1000);
  const [params, setParams] = useSearchParams();
  const state = STATES.find((known) => known === params.get("state")) ?? null;
  const text = params.get("find") ?? "";
  const wanted = useDeferredValue(text);

  // A frame may have come since the last tick: time never runs backwards against it.
  const { judgedAtMs, hubNowMs, word } = freshnessOf(live, Math.max(now, live.currentAtMs ?? 0));
  const [board] = useState(() => new Board());
  board.update(live.teams ?? [], judgedAtMs);
  const { version } = board;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the board is the same; its version tells of changes
  const sections = useMemo(
    () => arrange(board, { ...EVERYBODY, state, text: wanted }, "name", "team", judgedAtMs),
    [board, version, state, wanted],
  );
  const whole = live.teams?.every((team) => team.epoch !== null) ?? false;
  const ready = whole || (live.teams?.some((team) => team.order.length > 0) ?? false);

  function put(name: "state" | "find", value: string | null) {
    const next = new URLSearchParams(params);
    if (value) {
      next.set(name, value);
    } else {
      next.delete(name);
    }
    setParams(next, { replace: true });
  }

  const teams = live.teams?.length ?? 0;
  const peopled = live.teams?.filter((team) => team.order.length > 0).length ?? 0;
  const people = board.people.size;
  return (
    <>
      <Bar title={t("title")}>
        {ready && people > 0 && (
          <span className={css.sum}>
            {t("sum", { teams: t("ui:teams", { count: peopled }), people: t("ui:people", { count: people }) })}
          </span>
        )}
        <LiveBadge live={live} />
      </Bar>
      <main className={word === "stale" ? `${css.wall} ${css.late}` : css.wall}>
        {live.link === "stopped" && (
          <div className={css.stopped}>
            <ProblemNote
              problem={{
                title: t("stopped.title"),
                detail: ready ? t("stopped.kept") : undefined,
              }}
              action={<Button onClick={() => setAttempt(attempt + 1)}>{t("stopped.again")}</Button>}
            />
          </div>
        )}
        {!ready && live.link !== "stopped" && <Skeleton />}
        {ready && teams === 0 && nobody}
        {ready && teams > 0 && people === 0 && unpeopled}
        {ready && people > 0 && (
          <>
            <Counts
              counts={board.counts}
              people={people}
              chosen={state}
              onChoose={(choice: State | null) => put("state", choice)}
            />
            <Find text={text} onText={(value) => put("find", value)} />
            <PeopleTable
              board={board}
              sections={sections}
              moment={{ judgedAtMs, hubNowMs }}
              filtered={state !== null || text !== ""}
              onShowAll={() => setParams({}, { replace: true })}
            />
          </>
        )}
      </main>
    </>
  );
}
