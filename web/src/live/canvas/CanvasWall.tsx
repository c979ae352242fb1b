import { type CSSProperties, useId, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { list, number } from "../../ui/time";
import type { Section } from "../arrange";
import type { Board } from "../board";
import { useHours } from "../useHours";
import { changed } from "../view";
import { type Moment, rowOf, STATES } from "../wall";
import css from "./CanvasWall.module.css";
import { Heads, useGroupName } from "./Heads";
import { HoverCard } from "./HoverCard";
import { largest, type Room } from "./layout";
import { shelvesOf } from "./shelves";
import { useCells } from "./useCells";
import { useRoom, useSurface } from "./useSurface";

/** From here on a cell has its name in it, and the names of groups are no smaller. */
const NAMED_PX = 56;

interface Props {
  board: Board;
  sections: Section[];
  moment: Moment;
  onOpen: (person: number) => void;
  selected: number | null;
  stale: boolean;
  /** For a screen that is read from across the room. */
  scale?: number;
}

/** Everybody at once: a cell each, on shelves of teams, as large as lets all of them stand in the window. */
export function CanvasWall({ board, sections, moment, onOpen, selected, stale, scale = 1 }: Props) {
  const { t } = useTranslation(["live", "ui"]);
  const [params] = useSearchParams();
  const host = useRef<HTMLDivElement>(null);
  const help = useId();
  const room = useRoom(host, scale);
  const nameOf = useGroupName(board);
  const shelves = useMemo(() => shelvesOf(board, sections), [board, board.membership, sections]);
  const sized = shelves.map(({ team, groups }) => ({
    named: team !== null,
    groups: groups.map((group) => ({ count: group.people.length, headPx: headPx(nameOf(group), room) })),
  }));
  const signature = JSON.stringify([sized, room]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the signature stands for the sizes, which are made anew each time
  const layout = useMemo(() => largest(sized, room), [signature]);
  const people = useMemo(() => shelves.flatMap(({ groups }) => groups.flatMap((group) => group.people)), [shelves]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the board is the same; its version tells of changes
  const entries = useMemo(() => people.map((person) => board.people.get(person)), [people, board, board.version]);
  useSurface(host, layout, room.width, entries);
  const { at, focused, handlers } = useCells(host, layout, entries, onOpen);
  const hourOf = useHours(moment);

  const entry = at === null ? undefined : entries[at];
  const row = entry && rowOf(entry, moment);
  const chosen = selected === null ? -1 : people.indexOf(selected);
  const label = t("canvas.label", {
    people: t("ui:people", { count: people.length }),
    teams: t("ui:teams", { count: new Set(entries.map((each) => each?.team)).size }),
    states: list([
      ...(board.attention > 0 ? [t("canvas.attention", { count: board.attention })] : []),
      ...STATES.filter((state) => board.counts[state] > 0).map(
        (state) => `${number(board.counts[state])} ${t(`ui:state.${state}`)}`,
      ),
    ]),
  });
  const place = (cell: number) => ({
    x: layout.x[cell] as number,
    y: layout.y[cell] as number,
    size: layout.size,
  });
  return (
    <div style={{ position: "relative", "--wall-scale": room.scale } as CSSProperties}>
      <Link className={css.table ?? ""} to={{ search: changed(params, { view: "table" }).toString() }}>
        {t("canvas.table")}
      </Link>
      <p id={help} className="sr">
        {t("canvas.help")}
      </p>
      <div
        ref={host}
        className={css.wall}
        data-stale={stale || undefined}
        data-cells={people.length}
        data-size={layout.size}
        data-named={layout.size >= NAMED_PX || undefined}
        style={{ height: layout.height }}
        role="application"
        aria-label={label}
        aria-describedby={help}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move among the cells
        tabIndex={0}
        {...handlers}
      >
        <Heads board={board} shelves={shelves} layout={layout} version={board.version} />
        {chosen >= 0 && <span className={css.ring} data-selected style={ringAt(place(chosen))} />}
        {at !== null && at < people.length && <span className={css.ring} style={ringAt(place(at))} />}
        {at !== null && row && entry && (
          <HoverCard
            row={row}
            team={teamsOf(board, entry.team)}
            hour={hourOf(entry)}
            cell={place(at)}
            host={host}
            width={room.width}
          />
        )}
      </div>
      <div className="sr" aria-live="polite">
        {focused && row && entry
          ? [
              row.name,
              board.teams.get(entry.team)?.name,
              t(row.restricted ? "ui:state.restricted" : `ui:state.${row.state}`),
              row.held,
              row.why,
              row.what,
            ]
              .filter(Boolean)
              .join(", ")
          : ""}
      </div>
    </div>
  );
}

function ringAt({ x, y, size }: { x: number; y: number; size: number }): CSSProperties {
  return { insetInlineStart: x - 3, top: y - 3, inlineSize: size + 6, blockSize: size + 6 };
}

/** A team and the one above it. */
function teamsOf(board: Board, team: number): string {
  const own = board.teams.get(team);
  const above = own?.parent == null ? undefined : board.teams.get(own.parent);
  return [own?.name, above?.parent == null ? undefined : above.name].filter(Boolean).join(", ");
}

/** Of a name and a figure in 11 px: narrower letters than measured would only leave a little more room. */
function headPx(name: string, { scale }: Room): number {
  return Math.round(Math.min(24, name.length) * 6.3 * scale + 30 * scale);
}
