import { type CSSProperties, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useMedia } from "../ui/useMedia";
import type { Section, Sort } from "./arrange";
import type { PeopleProps } from "./Cards";
import { type Column, type ColumnKey, columnsOf } from "./columns";
import css from "./PeopleTable.module.css";
import { PersonRow } from "./PersonRow";
import { SectionHead } from "./SectionHead";
import { useHours } from "./useHours";
import { useMixed } from "./useMixed";
import { useReach } from "./useReach";
import { VirtualLines } from "./VirtualLines";
import { rowOf } from "./wall";

/** Heights in px. */
const HEIGHT = { group: 44, row: 32, touched: 44, phone: 56 };

type Line = { section: Section } | { person: number; edge: string };

interface Props extends PeopleProps {
  columns: ColumnKey[];
  /** The heads of columns sort, when these are given. */
  sorted?: { sort: Sort; reversed: boolean } | undefined;
  onSort?: ((sort: Sort) => void) | undefined;
}

/** People as rows, by section. Of thousands only those near the window are in the document. */
export function PeopleTable({
  board,
  sections,
  moment,
  filtered,
  selected,
  onOpen,
  columns: keys,
  sorted,
  onSort,
  scale = 1,
}: Props) {
  const { t } = useTranslation("live");
  const phone = useMedia("(max-width: 760px)");
  const touched = useMedia("(pointer: coarse)");
  const rowHeight = phone ? HEIGHT.phone : touched ? HEIGHT.touched : HEIGHT.row;
  const columns = useMemo(() => columnsOf(keys), [keys]);
  const lines = useMemo(() => linesOf(sections), [sections]);
  const rows = useMemo(() => sections.flatMap((section) => section.people.map((person) => [person])), [sections]);
  const mixed = useMixed(board);
  const hourOf = useHours(moment);
  const { reached, onKeyDown, onFocus } = useReach(rows);
  const heightOf = useMemo(
    () => (line: Line) => ("section" in line ? HEIGHT.group : rowHeight) * scale,
    [rowHeight, scale],
  );
  const template = columns.map((column) => column.width).join(" ");

  return (
    <div
      role="table"
      aria-label={t("table.label")}
      aria-rowcount={lines.length + 1}
      className={css.table}
      style={{ "--columns": template } as CSSProperties}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      <div
        role="rowgroup"
        className={css.headGroup}
        style={{ zoom: scale, top: `calc(var(--bar) * var(--big) / ${scale})` }}
      >
        <div role="row" aria-rowindex={1} className={css.head}>
          {columns.map((column) => (
            <ColumnHead key={column.key} column={column} sorted={sorted} onSort={onSort} />
          ))}
        </div>
      </div>
      <VirtualLines
        role="rowgroup"
        lines={lines}
        keyOf={keyOf}
        heightOf={heightOf}
        stays={(line) => "person" in line && line.person === reached}
        draw={(line, index) => {
          if ("section" in line) {
            return (
              <div
                role="row"
                aria-rowindex={index + 2}
                className={css.group}
                style={{ height: HEIGHT.group, zoom: scale }}
              >
                <div role="rowheader" aria-colspan={columns.length}>
                  <SectionHead board={board} section={line.section} filtered={filtered} />
                </div>
              </div>
            );
          }
          const entry = board.people.get(line.person);
          return (
            entry && (
              <PersonRow
                {...rowOf(entry, moment)}
                team={board.teams.get(entry.team)?.name ?? ""}
                hour={keys.includes("hour") ? hourOf(entry) : undefined}
                mixed={mixed}
                columns={columns}
                index={index}
                edge={line.edge}
                height={rowHeight}
                scale={scale}
                selected={line.person === selected}
                reached={line.person === reached}
                onOpen={onOpen}
              />
            )
          );
        }}
      />
    </div>
  );
}

const MEANINGS: Partial<Record<ColumnKey, "table.todayMeaning" | "table.ageMeaning">> = {
  today: "table.todayMeaning",
  age: "table.ageMeaning",
};
/** Figures: the largest come first. */
const LARGEST_FIRST: Sort[] = ["longest", "today", "expected", "age"];

function ColumnHead({ column, sorted, onSort }: { column: Column } & Pick<Props, "sorted" | "onSort">) {
  const { t } = useTranslation("live");
  const { key, end, sort: by } = column;
  const word = t(`table.${key}`);
  const meaning = MEANINGS[key];
  const chosen = sorted !== undefined && by === sorted.sort;
  const falling = chosen && LARGEST_FIRST.includes(by) !== sorted.reversed;
  return (
    <span
      role="columnheader"
      data-column={key}
      data-end={end || undefined}
      aria-sort={chosen ? (falling ? "descending" : "ascending") : undefined}
      title={meaning && t(meaning)}
    >
      {onSort && by ? (
        <button type="button" className={css.sort} onClick={() => onSort(by)}>
          {word}
          <span aria-hidden="true">{chosen ? (falling ? " ↓" : " ↑") : ""}</span>
        </button>
      ) : (
        word
      )}
    </span>
  );
}

function linesOf(sections: Section[]): Line[] {
  return sections.flatMap((section): Line[] => [
    { section },
    ...section.people.map((person, i): Line => {
      return { person, edge: `${i === 0 ? "first " : ""}${i === section.people.length - 1 ? "last" : ""}` };
    }),
  ]);
}

function keyOf(line: Line): string | number {
  return "section" in line ? line.section.key : line.person;
}
