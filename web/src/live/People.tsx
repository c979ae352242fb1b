import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/Button";
import { Empty } from "../ui/Empty";
import { later } from "../ui/later";
import type { Section, Sort } from "./arrange";
import type { Board } from "./board";
import { Cards } from "./Cards";
import { type ColumnKey, ROW_COLUMNS, ROW_COLUMNS_OF_MANY_TEAMS } from "./columns";
import { Marked } from "./Marked";
import { PeopleTable } from "./PeopleTable";
import { useAppFilter } from "./useAppFilter";
import { type Density, isFiltered, type View } from "./view";
import type { Moment } from "./wall";

const canvas = later(() => import("./canvas/CanvasWall").then(({ CanvasWall }) => CanvasWall));
canvas.ahead(); // before it is known how many people there are: they come at the same time

interface Props {
  board: Board;
  sections: Section[];
  moment: Moment;
  view: View;
  density: Density;
  /** Of the table. */
  columns: ColumnKey[];
  scale: number;
  stale: boolean;
  whole: boolean;
  onOpen: (person: number) => void;
  onSort: (sort: Sort) => void;
  /** Only who is in this app; `null`: whatever they are in. */
  onApp: (app: string | null) => void;
  onShowAll: () => void;
}

/** Those who are shown, as densely as is wanted. */
export function People({
  board,
  sections,
  moment,
  view,
  density,
  columns,
  scale,
  stale,
  whole,
  onOpen,
  onSort,
  onApp,
  onShowAll,
}: Props) {
  const { t } = useTranslation("live");
  const filtered = isFiltered(view.filter);
  const appFilter = useAppFilter(view.filter.app, onApp);
  if (sections.length === 0 && filtered) {
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
  const mixed = board.teams.size > 1 && sections.some(({ kind }) => kind !== "team");
  const shown = { board, sections, moment, filtered, selected: view.person, onOpen };
  return (
    <div {...appFilter}>
      <Suspense>
        {density === "cards" && <Cards {...shown} scale={scale} />}
        {density === "rows" && (
          <PeopleTable {...shown} scale={scale} columns={mixed ? ROW_COLUMNS_OF_MANY_TEAMS : ROW_COLUMNS} />
        )}
        {density === "wall" && (
          <canvas.Part {...{ board, sections, moment, onOpen, stale, scale }} selected={view.person} />
        )}
        {density === "table" && (
          <PeopleTable {...shown} scale={scale} columns={columns} sorted={view} onSort={onSort} />
        )}
        <Marked whole={whole} />
      </Suspense>
    </div>
  );
}
