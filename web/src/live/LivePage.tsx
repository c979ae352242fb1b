import Button from "@mui/material/Button";
import { useDeferredValue, useMemo, useState } from "react";
import { useSelector } from "react-redux";
import { useSearchParams } from "react-router";
import { Bar } from "../ui/Bar";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import { useNow } from "../ui/useNow";
import type { State } from "./activity";
import { Counts } from "./Counts";
import { Find } from "./Find";
import { freshnessOf } from "./freshness";
import { LiveBadge } from "./LiveBadge";
import css from "./LivePage.module.css";
import { PeopleTable } from "./PeopleTable";
import { Skeleton } from "./Skeleton";
import type { LiveState } from "./slice";
import { type LiveLinkEvents, useLiveLink } from "./useLiveLink";
import { STATES, wallOf } from "./wall";

/** What is happening in my teams now. The filter is in the address, so a link shows the same. */
export function LivePage({ onEnrol, ...events }: LiveLinkEvents & { onEnrol: () => void }) {
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
  const wall = useMemo(
    () => live.teams && wallOf(live.teams, { judgedAtMs, hubNowMs }, { state, text: wanted }),
    [live.teams, judgedAtMs, hubNowMs, state, wanted],
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
  const peopled = wall?.groups.filter((group) => group.people > 0).length ?? 0;
  return (
    <>
      <Bar title="Live">
        {ready && wall && wall.people > 0 && (
          <span
            className={css.sum}
          >{`${counted(peopled, "team", "teams")}, ${counted(wall.people, "person", "people")}`}</span>
        )}
        <LiveBadge live={live} />
      </Bar>
      <main className={word === "stale" ? `${css.wall} ${css.late}` : css.wall}>
        {live.link === "stopped" && (
          <div className={css.stopped}>
            <ProblemNote
              problem={{
                title: "The hub ended this connection and asks not to come back by itself.",
                detail: ready ? "What is shown stays as it was." : undefined,
              }}
              action={<Button onClick={() => setAttempt(attempt + 1)}>Connect again</Button>}
            />
          </div>
        )}
        {!(ready && wall) && live.link !== "stopped" && <Skeleton />}
        {ready && wall && teams === 0 && (
          <Empty icon="ledger" title="You see nobody's activity">
            Managers see the people of their own teams, and nobody else. Admins set things up and see no activity. If
            you lead a team, ask an admin to make you its manager.
          </Empty>
        )}
        {ready && wall && teams > 0 && wall.people === 0 && (
          <Empty
            icon="screen"
            title="Nobody is here yet"
            action={
              <Button variant="contained" color="primary" onClick={onEnrol}>
                Enrol the first device
              </Button>
            }
          >
            People appear here as soon as a device of theirs is enrolled and connected.
          </Empty>
        )}
        {ready && wall && wall.people > 0 && (
          <>
            <Counts
              counts={wall.counts}
              people={wall.people}
              chosen={state}
              onChoose={(choice: State | null) => put("state", choice)}
            />
            <Find text={text} onText={(value) => put("find", value)} />
            <PeopleTable
              groups={wall.groups}
              filtered={state !== null || text !== ""}
              onShowAll={() => setParams({}, { replace: true })}
            />
          </>
        )}
      </main>
    </>
  );
}

function counted(n: number, one: string, many: string): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
