import { useTranslation } from "react-i18next";
import { i18n } from "../i18n/i18n";
import { Icon, type IconName } from "../ui/Icon";
import { AppSelect } from "./AppSelect";
import { GROUPS, type Grouping, MENU_SORTS, type Sort } from "./arrange";
import type { Board } from "./board";
import { Display } from "./Display";
import { Find } from "./Find";
import { Select } from "./Select";
import { type Table, TableTools } from "./TableTools";
import css from "./Toolbar.module.css";
import { Views } from "./Views";
import { DENSITIES, type Density, type Key, type View } from "./view";

interface Props {
  board: Board;
  view: View;
  density: Density;
  paused: boolean;
  held: boolean;
  /** While it is a table. */
  table: Table | null;
  onChange: (changes: Partial<Record<Key, string | null>>, typing?: boolean) => void;
  onPause: () => void;
}

/** How the wall is filtered, sorted, grouped and shown. Where it is narrow, how it is shown moves into a menu. */
export function Toolbar({ board, view, density, paused, held, table, onChange, onPause }: Props) {
  const { t } = useTranslation("live");
  const { filter } = view;
  const teams = [...board.teams.values()];
  return (
    <div className={css.tools} role="group" aria-label={t("view.label")} data-table={table !== null || undefined}>
      <Find text={filter.text} onText={(text) => onChange({ find: text }, true)} />
      <div className={css.filters}>
        {teams.length > 1 && (
          <Select
            label={t("filter.team")}
            value={String(filter.team ?? "")}
            options={[["", t("filter.allTeams")], ...teams.map(({ id, name }): [string, string] => [String(id), name])]}
            onChoose={(team) => onChange({ team })}
          />
        )}
        <AppSelect board={board} chosen={filter.app} onChoose={(app) => onChange({ app })} />
        {!table && (
          <Select<Grouping>
            className={css.wide}
            label={t("groupBy.label")}
            value={view.grouping}
            options={groupChoices()}
            onChoose={(group) => onChange({ group: group === "team" ? null : group })}
          />
        )}
        <Select<Sort>
          className={css.wide}
          label={t("sort.label")}
          value={view.sort}
          options={sortChoices(view.sort)}
          onChoose={(sort) => onChange({ sort: sort === "attention" ? null : sort })}
        />
      </div>
      <span className={css.held} aria-hidden={!held} data-held={held || undefined}>
        {t("held")}
      </span>
      <div className={css.end}>
        {table && <TableTools {...table} />}
        <Views />
        <button
          type="button"
          className={css.tool}
          title={t(paused ? "resume" : "pause")}
          aria-pressed={paused}
          aria-keyshortcuts="p"
          onClick={onPause}
        >
          <Icon name={paused ? "play" : "pause"} size={14} />
          <span>{t(paused ? "resume" : "pause")}</span>
        </button>
        <button
          type="button"
          className={`${css.tool} ${css.wide}`}
          title={t("kiosk.enter")}
          aria-keyshortcuts="k"
          onClick={() => onChange({ kiosk: "1" })}
        >
          <Icon name="tv" size={14} />
          <span>{t("kiosk.enter")}</span>
        </button>
        <Display view={view} density={density} table={table} onChange={onChange} />
        <div className={css.seg} role="group" aria-label={t("view.label")}>
          {DENSITIES.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={density === each}
              aria-label={t(`view.${each}`)}
              title={t(`view.${each}`)}
              onClick={() => onChange({ view: each })}
            >
              <Icon name={DENSITY_ICONS[each]} />
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

export const DENSITY_ICONS: Record<Density, IconName> = { cards: "cards", rows: "rows", wall: "wall", table: "table" };

/** With the present one, which the head of a column may have chosen. */
export function sortChoices(present: Sort): [Sort, string][] {
  const sorts = MENU_SORTS.includes(present) ? MENU_SORTS : [...MENU_SORTS, present];
  return sorts.map((each) => [each, i18n.t(`live:sort.${each}`)]);
}

export function groupChoices(): [Grouping, string][] {
  return GROUPS.map((each) => [each, i18n.t(`live:groupBy.${each}`)]);
}
