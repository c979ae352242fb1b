import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { spoken } from "../forms/zones";
import { day, list } from "../ui/time";
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
    const names = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("[data-name]")];
    const at = names.indexOf(document.activeElement as HTMLButtonElement);
    const person = people[at];
    if (person && event.key === " ") {
      event.preventDefault();
      onSelect([person], !selected.has(person.id));
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (at >= 0 && to !== undefined) {
      event.preventDefault();
      names[Math.min(names.length - 1, Math.max(0, to))]?.focus();
    }
  }

  return (
    <div role="table" aria-label={t("table")} className={css.table} onKeyDown={onKey}>
      <div role="rowgroup" className={css.headGroup}>
        <div role="row" className={css.head}>
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
      <div role="rowgroup" className={css.rows}>
        {people.map((person) => {
          const { id, name, email, team, roles, zone, deactivated_at } = person;
          return (
            <div
              role="row"
              key={id}
              className={css.row}
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
                <button type="button" data-name="" className={css.name} onClick={() => onOpen(id)}>
                  {name}
                </button>
              </span>
              <span role="cell" data-cell="email">
                {email}
              </span>
              <span role="cell" data-cell="team">
                {team?.name ?? <i>{t("noTeam")}</i>}
              </span>
              <span role="cell" data-cell="roles">
                {list(roles.map(word))}
              </span>
              <span role="cell" data-cell="zone">
                {spoken(zone)}
              </span>
              <span role="cell" data-cell="state">
                {deactivated_at ? (
                  t("deactivatedOn", { day: day(deactivated_at) })
                ) : tagged && person.simulated ? (
                  t("simulated")
                ) : person.password || person.simulated ? null : (
                  <span title={t("noPasswordMeaning")}>{t("noPassword")}</span>
                )}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
