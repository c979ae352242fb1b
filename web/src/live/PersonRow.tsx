import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Column, Drawn } from "./columns";
import css from "./PeopleTable.module.css";

interface Props extends Drawn {
  columns: Column[];
  index: number;
  edge: string;
  height: number;
  scale: number;
  selected: boolean;
  reached: boolean;
  onOpen: (person: number) => void;
}

/** One person. Drawn again only when a word of it changes: most seconds, nothing does. */
export const PersonRow = memo(function PersonRow(props: Props) {
  const { t } = useTranslation("live");
  const simulated = props.simulated && props.mixed ? t("simulated") : "";
  const { person, name, state, what, detail, today, expected, columns, index, edge, height, scale, selected } = props;
  const titles: Record<string, string> = {
    name,
    app: [what, detail].filter(Boolean).join(" · "),
    today: today && expected && t("workday", { today, expected }),
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the name in it is a button that does the same
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={css.row}
      data-person={person}
      data-state={state}
      data-edge={edge}
      style={{ height, zoom: scale }}
      onClick={() => props.onOpen(person)}
    >
      {columns.map(({ key, end, cell }) => (
        <span key={key} role="cell" data-cell={key} data-end={end || undefined} title={titles[key]}>
          {key === "name" ? (
            <button
              type="button"
              className={css.open}
              aria-keyshortcuts={props.app ? "a" : undefined}
              tabIndex={props.reached ? 0 : -1}
            >
              {cell(props, simulated)}
            </button>
          ) : (
            cell(props, simulated)
          )}
        </span>
      ))}
    </div>
  );
});
