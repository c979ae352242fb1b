import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import table from "../ui/Table.module.css";
import { number } from "../ui/time";
import { COLUMNS, type Column, type Row } from "./api";
import css from "./RowList.module.css";
import { faultInWords } from "./words";

const MARKS = { bad: "attention", add: "plus", change: "edit", leave: "check" } as const;

/** Rows as they stand in the file, each with what it does or what is wrong with it. On a phone a row is a card. */
export function RowList({ rows }: { rows: Row[] }) {
  const { t } = useTranslation("imports");
  return (
    <div role="table" aria-label={t("rows")} className={table.table}>
      <div role="rowgroup" className={`${table.headGroup} ${css.head}`}>
        <div role="row" className={css.row}>
          <span role="columnheader">{t("column.row")}</span>
          {COLUMNS.map((column) => (
            <span role="columnheader" key={column} data-column={column}>
              {t(`column.${column}`)}
            </span>
          ))}
          <span role="columnheader">{t("column.does")}</span>
        </div>
      </div>
      <div role="rowgroup" className={`${table.rows} ${css.rows}`}>
        {rows.map((row) => (
          <Line key={row.row} row={row} />
        ))}
      </div>
    </div>
  );
}

function Line({ row }: { row: Row }) {
  const { t } = useTranslation("imports");
  const wrong = new Set(row.faults.map((fault) => fault.column));
  return (
    <div role="row" className={css.row} data-row={row.row} data-does={row.does}>
      <span role="rowheader" className={css.number}>
        {number(row.row)}
      </span>
      {COLUMNS.map((column) => (
        <span role="cell" key={column} data-column={column} data-wrong={wrong.has(column) || undefined}>
          {row.cells[column] ? (
            <span dir="auto" title={row.cells[column]}>
              {row.cells[column]}
            </span>
          ) : wrong.has(column) ? (
            "—"
          ) : (
            ""
          )}
        </span>
      ))}
      <span role="cell" className={css.does}>
        <Icon name={MARKS[row.does]} size={14} />
        <span>
          {row.moved_on && <b className={css.movedOn}>{t("does.movedOn")}</b>}
          {row.does !== "bad" && row.does !== "change" && t(`does.${row.does}`)}
          {row.faults.map((fault) => (
            <span key={`${fault.column}${fault.code}`} className={css.said}>
              {fault.column && <b>{t(`column.${fault.column}`)}: </b>}
              {faultInWords(fault)}
            </span>
          ))}
          {row.changes.map(({ field, old, new: now }) => (
            <span key={field} className={css.said}>
              {t(old ? "changed" : "given", { field: t(`column.${field as Column}`), old, new: now })}
            </span>
          ))}
        </span>
      </span>
    </div>
  );
}
