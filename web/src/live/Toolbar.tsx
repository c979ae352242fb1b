import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Icon, type IconName } from "../ui/Icon";
import { AppSelect } from "./AppSelect";
import { GROUPS, type Grouping, MENU_SORTS, type Sort } from "./arrange";
import type { Board } from "./board";
import { Find } from "./Find";
import { Select } from "./Select";
import css from "./Toolbar.module.css";
import { DENSITIES, type Density, type Key, type View } from "./view";

interface Props {
  board: Board;
  view: View;
  density: Density;
  paused: boolean;
  held: boolean;
  onChange: (changes: Partial<Record<Key, string | null>>, typing?: boolean) => void;
  onPause: () => void;
  /** Views that are kept, and what a density adds. */
  children?: ReactNode;
}

/** How the wall is filtered, sorted, grouped and shown. */
export function Toolbar({ board, view, density, paused, held, onChange, onPause, children }: Props) {
  const { t } = useTranslation("live");
  const { filter } = view;
  const sorts = MENU_SORTS.includes(view.sort) ? MENU_SORTS : [...MENU_SORTS, view.sort];
  const teams = [...board.teams.values()];
  return (
    <div className={css.tools} role="group" aria-label={t("view.label")} data-table={density === "table" || undefined}>
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
        {density !== "table" && (
          <Select<Grouping>
            className={css.wide}
            label={t("groupBy.label")}
            value={view.grouping}
            options={GROUPS.map((each) => [each, t(`groupBy.${each}`)])}
            onChoose={(group) => onChange({ group: group === "team" ? null : group })}
          />
        )}
        <Select<Sort>
          label={t("sort.label")}
          value={view.sort}
          options={sorts.map((each) => [each, t(`sort.${each}`)])}
          onChoose={(sort) => onChange({ sort: sort === "attention" ? null : sort })}
        />
      </div>
      <span className={css.held} aria-hidden={!held} data-held={held || undefined}>
        {t("held")}
      </span>
      <div className={css.end}>
        {children}
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
              <Icon name={ICONS[each]} />
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

const ICONS: Record<Density, IconName> = { cards: "cards", rows: "rows", wall: "wall", table: "table" };
