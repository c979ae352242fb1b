import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { Empty } from "../ui/Empty";
import type { Section, Sort } from "./arrange";
import type { Board } from "./board";
import { Cards } from "./Cards";
import { ROW_COLUMNS, TABLE_COLUMNS } from "./columns";
import { PeopleTable } from "./PeopleTable";
import { type Density, isFiltered, type View } from "./view";
import type { Moment } from "./wall";

interface Props {
  board: Board;
  sections: Section[];
  moment: Moment;
  view: View;
  density: Density;
  scale: number;
  onOpen: (person: number) => void;
  onSort: (sort: Sort) => void;
  onShowAll: () => void;
}

/** Those who are shown, as densely as is wanted. */
export function People({ board, sections, moment, view, density, scale, onOpen, onSort, onShowAll }: Props) {
  const { t } = useTranslation("live");
  const filtered = isFiltered(view.filter);
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
  const shown = { board, sections, moment, filtered, selected: view.person, onOpen };
  switch (density) {
    case "cards":
      return <Cards {...shown} scale={scale} />;
    case "rows":
      return <PeopleTable {...shown} columns={ROW_COLUMNS} sort={view.sort} />;
    case "table":
      return <PeopleTable {...shown} columns={TABLE_COLUMNS} sort={view.sort} onSort={onSort} />;
  }
}
