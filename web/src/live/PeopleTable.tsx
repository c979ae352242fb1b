import Button from "@mui/material/Button";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Empty } from "../ui/Empty";
import { number } from "../ui/time";
import css from "./PeopleTable.module.css";
import { PersonRow } from "./PersonRow";
import type { Group, Row } from "./wall";

/** Up to this many lines all are drawn: the browser's own search then finds everybody. */
const DRAWN_WHOLE = 300;
/** Heights in px: given to each line, so that those outside the document can be reckoned. */
const HEIGHT = { head: 28, group: 44, row: 32, touched: 44, phone: 56 };

type Line = { kind: "group"; group: Group } | { kind: "row"; row: Row; last: boolean; first: boolean };

interface Props {
  groups: Group[];
  filtered: boolean;
  onShowAll: () => void;
}

/** People as rows, by team. Of thousands only those near the window are in the document. */
export function PeopleTable({ groups, filtered, onShowAll }: Props) {
  const { t } = useTranslation("live");
  const phone = useMediaQuery("(max-width: 760px)");
  const touched = useMediaQuery("(pointer: coarse)");
  const rowHeight = phone ? HEIGHT.phone : touched ? HEIGHT.touched : HEIGHT.row;
  const lines = useMemo(() => linesOf(groups), [groups]);
  const mixed = useMemo(() => isMixed(groups), [groups]);

  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setTop(body.current ? body.current.getBoundingClientRect().top + window.scrollY : 0);
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => (lines[index]?.kind === "group" ? HEIGHT.group : rowHeight),
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
          return line.kind === "group" ? (
            <TeamLine key={key} group={line.group} index={index} filtered={filtered} />
          ) : (
            <PersonRow
              {...line.row}
              key={key}
              simulated={mixed && line.row.simulated}
              index={index}
              edge={`${line.first ? "first " : ""}${line.last ? "last" : ""}`}
              height={rowHeight}
            />
          );
        })}
      </div>
    </div>
  );
}

function TeamLine({ group, index, filtered }: { group: Group; index: number; filtered: boolean }) {
  const { t } = useTranslation(["live", "ui"]);
  const people = t("ui:people", { count: group.people });
  return (
    <div role="row" aria-rowindex={index + 2} className={css.group} style={{ height: HEIGHT.group }}>
      <div role="rowheader" aria-colspan={6}>
        <b>{group.name}</b>{" "}
        <span>{filtered ? t("table.shown", { shown: number(group.rows.length), people }) : people}</span>
      </div>
    </div>
  );
}

function linesOf(groups: Group[]): Line[] {
  return groups
    .filter((group) => group.rows.length > 0)
    .flatMap((group): Line[] => [
      { kind: "group", group },
      ...group.rows.map((row, i): Line => ({ kind: "row", row, first: i === 0, last: i === group.rows.length - 1 })),
    ]);
}

function keyOf(line: Line | undefined): string | undefined {
  return line?.kind === "group" ? `team/${line.group.team}` : line?.row.key;
}

/** Rows say that they are simulated only among others that are not; a demonstration says it once, in the bar. */
function isMixed(groups: Group[]): boolean {
  const rows = groups.flatMap((group) => group.rows);
  return rows.some((row) => row.simulated) && rows.some((row) => !row.simulated);
}
