import { useTranslation } from "react-i18next";
import { Button } from "../ui/Button";
import { KINDS } from "../ui/csv";
import { Icon } from "../ui/Icon";
import type { Grouping, Sort } from "./arrange";
import { COLUMNS, turned } from "./columns";
import css from "./DisplayMenu.module.css";
import { Select } from "./Select";
import type { Table } from "./TableTools";
import { DENSITY_ICONS, groupChoices, sortChoices } from "./Toolbar";
import { ToolPopover } from "./ToolPopover";
import { DENSITIES, type Density, type Key, type View } from "./view";

export interface DisplayProps {
  view: View;
  density: Density;
  /** While it is a table. */
  table: Table | null;
  onChange: (changes: Partial<Record<Key, string | null>>) => void;
}

/** How people are shown, where the toolbar is too narrow to say it: density, order, groups, columns, kiosk. */
export function DisplayMenu({
  view,
  density,
  table,
  onChange,
  anchor,
  onClose,
}: DisplayProps & { anchor: HTMLElement; onClose: () => void }) {
  const { t } = useTranslation("live");
  const leave = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <ToolPopover anchor={anchor} title={t("display.title")} onClose={onClose}>
      <div className={css.densities} role="group" aria-label={t("view.label")}>
        {DENSITIES.map((each) => (
          <button key={each} type="button" aria-pressed={density === each} onClick={() => onChange({ view: each })}>
            <Icon name={DENSITY_ICONS[each]} />
            {t(`view.${each}`)}
          </button>
        ))}
      </div>
      <div className={css.choices}>
        <Select<Sort>
          label={t("sort.label")}
          value={view.sort}
          options={sortChoices(view.sort)}
          onChoose={(sort) => onChange({ sort: sort === "attention" ? null : sort })}
        />
        {!table && (
          <Select<Grouping>
            label={t("groupBy.label")}
            value={view.grouping}
            options={groupChoices()}
            onChoose={(group) => onChange({ group: group === "team" ? null : group })}
          />
        )}
      </div>
      {table && (
        <fieldset className={css.columns}>
          <legend>{t("columns.title")}</legend>
          {COLUMNS.map(({ key }) => (
            <label key={key}>
              <input
                type="checkbox"
                checked={table.columns.includes(key)}
                disabled={key === "name"}
                onChange={() => table.onColumns(turned(table.columns, key))}
              />
              {t(`table.${key}`)}
            </label>
          ))}
          <p>{t("columns.narrow")}</p>
        </fieldset>
      )}
      <div className={css.acts}>
        {table &&
          KINDS.map((kind) => (
            <Button key={kind} title={t("columns.csvMeaning")} onClick={leave(() => table.onDownload(kind))}>
              <Icon name="download" size={14} /> {t(`columns.${kind}`)}
            </Button>
          ))}
        <Button onClick={leave(() => onChange({ kiosk: "1" }))}>
          <Icon name="tv" size={14} /> {t("kiosk.enter")}
        </Button>
      </div>
    </ToolPopover>
  );
}
