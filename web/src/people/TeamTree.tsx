import IconButton from "@mui/material/IconButton";
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Icon } from "../ui/Icon";
import { list, number } from "../ui/time";
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

  function onKey(event: KeyboardEvent<HTMLDivElement>) {
    const names = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("[data-name]")];
    const at = names.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (at >= 0 && to !== undefined) {
      event.preventDefault();
      names[Math.min(names.length - 1, Math.max(0, to))]?.focus();
    }
  }

  return (
    <div role="treegrid" aria-label={t("teams.tree")} className={css.table} onKeyDown={onKey}>
      <div role="rowgroup" className={css.headGroup}>
        <div role="row" className={css.head}>
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
      <div role="rowgroup" className={css.rows}>
        {placed(teams).map(({ team: { id, name, people, below, managers }, depth }) => (
          <div
            role="row"
            key={id}
            aria-level={depth + 1}
            className={css.row}
            data-team={id}
            data-open={open === id || undefined}
          >
            <span role="gridcell" data-cell="name" style={{ paddingInlineStart: depth * 20 }}>
              {depth > 0 && <span className={css.branch} aria-hidden="true" />}
              <button type="button" data-name="" className={css.name} onClick={() => onOpen(id)}>
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
            <span role="gridcell" data-cell="below">
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
