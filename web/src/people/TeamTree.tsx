import IconButton from "@mui/material/IconButton";
import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Icon } from "../ui/Icon";
import table from "../ui/Table.module.css";
import { list, number } from "../ui/time";
import { walk } from "../ui/walk";
import type { Team } from "./api";
import css from "./TeamTree.module.css";
import { placed } from "./tree";

interface Props {
  teams: Team[];
  open: number | null;
  onOpen: (team: number) => void;
  onAdd: (parent: number) => void;
}

/** Teams as rows, each below the one above it and further in. The arrow keys go from one to the next, Enter opens. */
export function TeamTree({ teams, open, onOpen, onAdd }: Props) {
  const { t } = useTranslation("people");

  return (
    <div
      role="treegrid"
      aria-label={t("teams.tree")}
      className={`${table.table} ${css.table}`}
      onKeyDown={(event) => walk(event, "[data-name]")}
    >
      <div role="rowgroup" className={table.headGroup}>
        <div role="row" className={`${table.head} ${css.line}`}>
          <span role="columnheader">{t("teams.team")}</span>
          <span role="columnheader">{t("teams.managers")}</span>
          <span role="columnheader" data-cell="people">
            {t("teams.people")}
          </span>
          <span role="columnheader" data-cell="below">
            {t("teams.below")}
          </span>
          <span role="columnheader">
            <span className="sr">{t("teams.add")}</span>
          </span>
        </div>
      </div>
      <div role="rowgroup" className={table.rows}>
        {placed(teams).map(({ team: { id, name, people, below, managers }, depth }) => (
          <div
            role="row"
            key={id}
            aria-level={depth + 1}
            className={`${table.row} ${css.line} ${css.row}`}
            data-team={id}
            data-open={open === id || undefined}
            style={{ "--depth": depth } as CSSProperties}
          >
            <span role="gridcell" data-cell="name">
              {depth > 0 && <span className={css.branch} aria-hidden="true" />}
              <button type="button" data-name="" className={table.name} dir="auto" onClick={() => onOpen(id)}>
                {name}
              </button>
            </span>
            <span role="gridcell" data-cell="managers">
              {managers.length > 0 ? list(managers.map((each) => each.name)) : <i>{t("teams.noManager")}</i>}
            </span>
            <span role="gridcell" data-cell="people">
              <Link to={`/people?team=${id}`} title={t("teams.show", { name })}>
                {number(people)}
                <span className="sr"> {t("teams.show", { name })}</span>
              </Link>
            </span>
            <span role="gridcell" data-cell="below" data-same={below === people || undefined}>
              <span className={css.label}>{t("teams.below")} </span>
              {number(below)}
            </span>
            <span role="gridcell" data-cell="act">
              <IconButton
                aria-label={t("teams.addUnder", { name })}
                title={t("teams.addUnder", { name })}
                onClick={() => onAdd(id)}
              >
                <Icon name="plus" />
              </IconButton>
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}
