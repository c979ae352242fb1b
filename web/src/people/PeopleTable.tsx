import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { spoken } from "../forms/zones";
import table from "../ui/Table.module.css";
import { day, list } from "../ui/time";
import { walk } from "../ui/walk";
import { isNew } from "./acts";
import type { Person } from "./api";
import css from "./PeopleTable.module.css";
import { useRoleWord } from "./useRoleWord";

interface Props {
  people: Person[];
  selected: ReadonlyMap<number, Person>;
  onSelect: (people: Person[], on: boolean) => void;
  open: number | "new" | null;
  onOpen: (person: number) => void;
  /** Whether simulated people are told apart. */
  tagged: boolean;
}

/** People as rows, on a phone as rows of two lines. The arrow keys go from one to the next, Space selects, Enter opens. */
export function PeopleTable({ people, selected, onSelect, open, onOpen, tagged }: Props) {
  const { t } = useTranslation("people");
  const word = useRoleWord();
  const all = people.every(({ id }) => selected.has(id));

  function onKey(event: KeyboardEvent<HTMLDivElement>) {
    const at = (document.activeElement as HTMLElement).dataset.name;
    const person = people.find(({ id }) => String(id) === at);
    if (person && event.key === " ") {
      event.preventDefault();
      onSelect([person], !selected.has(person.id));
    }
    walk(event, "[data-name]");
  }

  return (
    <div role="table" aria-label={t("table")} className={`${table.table} ${css.table}`} onKeyDown={onKey}>
      <div role="rowgroup" className={table.headGroup}>
        <div role="row" className={`${table.head} ${css.line}`}>
          <span role="columnheader" data-cell="check">
            <input
              type="checkbox"
              aria-label={t("selectAll")}
              title={t("selectAll")}
              checked={all}
              ref={(box) => {
                if (box) {
                  box.indeterminate = !all && selected.size > 0;
                }
              }}
              onChange={() => onSelect(people, !all)}
            />
          </span>
          {(["name", "email", "team", "roles", "zone", "state"] as const).map((name) => (
            <span role="columnheader" key={name} data-cell={name}>
              {t(`column.${name}`)}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className={table.rows}>
        {people.map((person) => {
          const { id, name, email, team, roles, zone, deactivated_at } = person;
          return (
            <div
              role="row"
              key={id}
              className={`${table.row} ${css.line} ${css.row}`}
              data-row={id}
              data-selected={selected.has(id) || undefined}
              data-open={open === id || undefined}
              data-out={deactivated_at !== null || undefined}
            >
              <span role="cell" data-cell="check">
                <input
                  type="checkbox"
                  tabIndex={-1}
                  aria-label={t("select", { name })}
                  checked={selected.has(id)}
                  onChange={() => onSelect([person], !selected.has(id))}
                />
              </span>
              <span role="rowheader" data-cell="name">
                <button type="button" data-name={id} className={table.name} dir="auto" onClick={() => onOpen(id)}>
                  {name}
                </button>
              </span>
              <span role="cell" data-cell="email" dir="ltr">
                {email}
              </span>
              <span role="cell" data-cell="team" dir="auto">
                {team?.name ?? <i>{t("noTeam")}</i>}
              </span>
              <span role="cell" data-cell="roles">
                {list(roles.map(word))}
              </span>
              <span role="cell" data-cell="zone" dir="auto">
                {spoken(zone)}
              </span>
              <span role="cell" data-cell="state">
                {deactivated_at
                  ? t("deactivatedOn", { day: day(deactivated_at) })
                  : tagged && person.simulated
                    ? t("simulated")
                    : isNew(person) && <span title={t("newMeaning")}>{t("state.new")}</span>}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
