import { type ReactNode, useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { Bar } from "../ui/Bar";
import { Button } from "../ui/Button";
import { useCommands } from "../ui/commands";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useBig } from "../ui/useBig";
import { useNow } from "../ui/useNow";
import { arrange } from "./arrange";
import { Board } from "./board";
import { Counts } from "./Counts";
import { download } from "./file";
import { freshnessOf } from "./freshness";
import { LiveBadge } from "./LiveBadge";
import css from "./LivePage.module.css";
import { type LiveFacts, liveFactsOf } from "./liveFacts";
import { People } from "./People";
import { Skeleton } from "./Skeleton";
import type { LiveState } from "./slice";
import { Toolbar } from "./Toolbar";
import { useColumns } from "./useColumns";
import { useEscape } from "./useEscape";
import { useHeld } from "./useHeld";
import { fewScale, useKiosk } from "./useKiosk";
import { expectedPeople, isPeopled, isWhole, MANY, useLive } from "./useLive";
import { type LiveLinkEvents, useLiveLink } from "./useLiveLink";
import { usePeopleKeys } from "./usePeopleKeys";
import { changed, densityFor, type Key, viewOf } from "./view";
import { noteWall } from "./visited";

interface Props extends LiveLinkEvents {
  /** In place of the wall: to who sees no team, and to who sees teams with nobody in them. What to do next depends on who that is. */
  nobody: ReactNode;
  unpeopled: ReactNode;
  /** What stands beside the wall when somebody is opened. */
  panel: (person: number, live: LiveFacts | undefined, onClose: () => void) => ReactNode;
}

/** What is happening in my teams now. All of the view is in the address, so a link shows the same. */
export function LivePage({ nobody, unpeopled, panel, ...events }: Props) {
  const { t } = useTranslation(["live", "ui"]);
  const [attempt, setAttempt] = useState(0);
  useLiveLink(attempt, events);
  const current = useLive();
  const [paused, setPaused] = useState<{ live: LiveState; atMs: number } | null>(null);
  const live = paused?.live ?? current;
  const now = useNow(1000);

  const [params, setParams] = useSearchParams();
  const view = useMemo(() => viewOf(params), [params]);
  const text = useDeferredValue(view.filter.text);
  const change = useCallback(
    (changes: Partial<Record<Key, string | null>>, typing = false) =>
      // Of the address as it is now: the router may not have drawn the last change yet.
      setParams(changed(new URLSearchParams(location.search), changes), { replace: typing }),
    [setParams],
  );
  const large = Math.max(
    useKiosk(view.kiosk, () => change({ kiosk: null })),
    useBig(),
  );
  const open = useCallback((person: number) => change({ person: String(person) }), [change]);
  const pause = () => setPaused(paused ? null : { live: current, atMs: Date.now() });
  const back = () => {
    if (view.kiosk || view.person !== null) {
      change(view.kiosk ? { kiosk: null } : { person: null });
    }
  };
  useEscape(back);
  useCommands([
    {
      id: "live/pause",
      group: "view",
      title: t(paused ? "resume" : "pause"),
      icon: paused ? "play" : "pause",
      keys: "p",
      run: pause,
    },
    {
      id: "live/kiosk",
      group: "view",
      title: t(view.kiosk ? "kiosk.leave" : "kiosk.enter"),
      icon: "tv",
      keys: "k",
      run: () => change({ kiosk: view.kiosk ? null : "1" }),
    },
  ]);

  usePeopleKeys();

  // A frame may have come since the last tick: time never runs backwards against it.
  const { judgedAtMs, hubNowMs, word } = freshnessOf(live, paused?.atMs ?? Math.max(now, live.currentAtMs ?? 0));
  const [board] = useState(() => new Board());
  board.update(live.teams ?? [], judgedAtMs);
  const { version } = board;
  const people = board.people.size;
  // By how many there will be: thousands that come team by team are not drawn as cards first.
  const density = view.density ?? densityFor(expectedPeople(live));
  // A table is one list: its heads sort all of it.
  const table = density === "table";
  const { filter, sort, reversed, grouping } = view;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the board is the same; its version tells of changes
  const sections = useMemo(
    () => arrange(board, { ...filter, text }, sort, table ? "none" : grouping, judgedAtMs, reversed),
    [board, version, filter, text, sort, reversed, grouping, table],
  );
  const whole = isWhole(live);
  const { shown, held, handlers } = useHeld(
    sections,
    board,
    JSON.stringify([filter, text, sort, reversed, grouping, table]),
    whole,
  );

  const ready = whole || isPeopled(live);
  const teams = live.teams?.length ?? 0;
  const peopled = live.teams?.filter((team) => team.order.length > 0).length ?? 0;
  const groups = sections.filter(({ kind }) => kind !== "attention").length;
  const few = view.kiosk && density === "cards" && whole ? fewScale(people, groups, innerWidth, innerHeight) : 1;
  const scale = Math.max(large, few);
  const seen = ready && teams > 0;
  useEffect(() => {
    if (seen) {
      noteWall();
    }
  }, [seen]);
  const [columns, setColumns] = useColumns(view.columns, (names) => change({ columns: names }));
  // What is said moves on by the second: of thousands who are drawn in between only those who changed are said anew.
  const second = `${Math.floor(judgedAtMs / 1000)}/${Math.floor(hubNowMs / 1000)}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the second stands for the times
  const moment = useMemo(() => ({ judgedAtMs, hubNowMs }), [second]);
  return (
    <>
      <Bar title={t("title")}>
        {ready && people > 0 && (
          <span className={css.sum}>
            {t("sum", { teams: t("ui:teams", { count: peopled }), people: t("ui:people", { count: people }) })}
          </span>
        )}
        <LiveBadge live={current} paused={paused?.atMs ?? null} />
        {view.kiosk && (
          <Button className={css.leave} title={t("kiosk.leave")} onClick={() => change({ kiosk: null })}>
            <Icon name="close" size={14} />
            <span>{t("kiosk.leave")}</span>
          </Button>
        )}
      </Bar>
      <div className={css.stage} data-open={view.person !== null || undefined} data-kiosk={view.kiosk || undefined}>
        <main
          className={word === "stale" ? `${css.wall} ${css.late}` : css.wall}
          data-many={people > MANY || undefined}
        >
          {live.link === "stopped" && (
            <div className={css.stopped}>
              <ProblemNote
                problem={{ title: t("stopped.title"), detail: ready ? t("stopped.kept") : undefined }}
                action={<Button onClick={() => setAttempt(attempt + 1)}>{t("stopped.again")}</Button>}
              />
            </div>
          )}
          {!ready && live.link !== "stopped" && <Skeleton density={density} scale={scale} />}
          {ready && teams === 0 && nobody}
          {ready && teams > 0 && people === 0 && unpeopled}
          {ready && people > 0 && (
            <>
              <div style={{ zoom: scale }}>
                <Counts
                  counts={board.counts}
                  attention={board.attention}
                  restricted={board.restricted}
                  people={people}
                  chosen={filter.state}
                  onChoose={(state) => change({ state })}
                />
              </div>
              {!view.kiosk && (
                <Toolbar
                  board={board}
                  view={view}
                  density={density}
                  paused={paused !== null}
                  held={held}
                  table={
                    table
                      ? {
                          columns,
                          onColumns: setColumns,
                          onDownload: (kind) => download(kind, board, shown, columns, moment),
                        }
                      : null
                  }
                  onChange={change}
                  onPause={pause}
                />
              )}
              <div {...handlers}>
                <People
                  board={board}
                  sections={shown}
                  moment={moment}
                  view={view}
                  density={density}
                  columns={columns}
                  scale={scale}
                  stale={word === "stale"}
                  whole={whole}
                  onOpen={open}
                  onSort={(by) => change({ sort: by === sort && !reversed ? `-${by}` : by })}
                  onApp={(app) => change({ app })}
                  onShowAll={() => change({ state: null, find: null, team: null, app: null })}
                />
              </div>
            </>
          )}
        </main>
        {view.person !== null &&
          panel(view.person, liveFactsOf(board, view.person, { judgedAtMs, hubNowMs }), () => change({ person: null }))}
      </div>
    </>
  );
}
