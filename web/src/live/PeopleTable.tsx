import Button from "@mui/material/Button";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Empty } from "../ui/Empty";
import { number } from "../ui/time";
import type { Section } from "./arrange";
import type { Board } from "./board";
import css from "./PeopleTable.module.css";
import { PersonRow } from "./PersonRow";
import { type Moment, rowOf } from "./wall";

/** Up to this many lines all are drawn: the browser's own search then finds everybody. */
const DRAWN_WHOLE = 300;
/** Heights in px: given to each line, so that those outside the document can be reckoned. */
const HEIGHT = { head: 28, group: 44, row: 32, touched: 44, phone: 56 };

type Line = { section: Section } | { person: number; last: boolean; first: boolean };

interface Props {
  board: Board;
  sections: Section[];
  moment: Moment;
  filtered: boolean;
  onShowAll: () => void;
}

/** People as rows, by team. Of thousands only those near the window are in the document. */
export function PeopleTable({ board, sections, moment, filtered, onShowAll }: Props) {
  const { t } = useTranslation("live");
  const phone = useMediaQuery("(max-width: 760px)");
  const touched = useMediaQuery("(pointer: coarse)");
  const rowHeight = phone ? HEIGHT.phone : touched ? HEIGHT.touched : HEIGHT.row;
  const lines = useMemo(() => linesOf(sections), [sections]);
  const mixed = useMemo(() => isMixed(board), [board, board.membership]);

  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setTop(body.current ? body.current.getBoundingClientRect().top + window.scrollY : 0);
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => (isHead(lines[index]) ? HEIGHT.group : rowHeight),
    getItemKey: (index) => keyOf(lines[index]) ?? index,
    overscan: lines.length <= DRAWN_WHOLE ? DRAWN_WHOLE : 12,
    scrollMargin: top,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes follow the lines and the height, not the virtualizer
  useLayoutEffect(() => virtualizer.measure(), [lines.length, rowHeight]);

  if (lines.length === 0) {
    return (
      <Empty
        icon="search"
        title={t("unmatched.title")}
        action={<Button onClick={onShowAll}>{t("unmatched.all")}</Button>}
      >
        {t("unmatched.words")}
      </Empty>
    );
  }
  const items = virtualizer.getVirtualItems();
  const before = (items[0]?.start ?? top) - top;
  const after = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? top) - top);
  return (
    <div role="table" aria-label={t("table.label")} aria-rowcount={lines.length + 1} className={css.table}>
      <div role="rowgroup" className={css.headGroup}>
        <div role="row" aria-rowindex={1} className={css.head}>
          <span role="columnheader">{t("table.state")}</span>
          <span role="columnheader">{t("table.name")}</span>
          <span role="columnheader">{t("table.app")}</span>
          <span role="columnheader">{t("table.for")}</span>
          <span role="columnheader" title={t("table.todayMeaning")}>
            {t("table.today")}
          </span>
          <span role="columnheader" title={t("table.ageMeaning")}>
            {t("table.age")}
          </span>
        </div>
      </div>
      <div role="rowgroup" ref={body} style={{ paddingTop: before, paddingBottom: Math.max(0, after) }}>
        {items.map(({ index, key }) => {
          const line = lines[index];
          if (!line) {
            return null;
          }
          if ("section" in line) {
            return <TeamLine key={key} board={board} section={line.section} index={index} filtered={filtered} />;
          }
          const entry = board.people.get(line.person);
          return (
            entry && (
              <PersonRow
                {...rowOf(entry.tile, entry.judged, moment)}
                key={key}
                simulated={mixed && (entry.tile.simulated ?? false)}
                index={index}
                edge={`${line.first ? "first " : ""}${line.last ? "last" : ""}`}
                height={rowHeight}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function TeamLine({
  board,
  section,
  index,
  filtered,
}: {
  board: Board;
  section: Section;
  index: number;
  filtered: boolean;
}) {
  const { t } = useTranslation(["live", "ui"]);
  const people = t("ui:people", { count: section.total });
  return (
    <div role="row" aria-rowindex={index + 2} className={css.group} style={{ height: HEIGHT.group }}>
      <div role="rowheader" aria-colspan={6}>
        <b>{section.team === null ? "" : board.teams.get(section.team)?.name}</b>{" "}
        <span>{filtered ? t("table.shown", { shown: number(section.people.length), people }) : people}</span>
      </div>
    </div>
  );
}

function linesOf(sections: Section[]): Line[] {
  return sections.flatMap((section): Line[] => [
    { section },
    ...section.people.map((person, i): Line => ({ person, first: i === 0, last: i === section.people.length - 1 })),
  ]);
}

function isHead(line: Line | undefined): boolean {
  return line !== undefined && "section" in line;
}

function keyOf(line: Line | undefined): string | number | undefined {
  return line && ("section" in line ? line.section.key : line.person);
}

/** Rows say that they are simulated only among others that are not; a demonstration says it once, in the bar. */
function isMixed(board: Board): boolean {
  const said = new Set([...board.people.values()].map(({ tile }) => tile.simulated ?? false));
  return said.size > 1;
}
