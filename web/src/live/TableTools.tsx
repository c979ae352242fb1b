import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { csvOf, save } from "../ui/csv";
import { Icon } from "../ui/Icon";
import type { Section } from "./arrange";
import type { Board } from "./board";
import type { ColumnKey } from "./columns";
import { tableOf } from "./file";
import css from "./Toolbar.module.css";
import type { Moment } from "./wall";

const ColumnsMenu = lazy(() => import("./ColumnsMenu").then((module) => ({ default: module.ColumnsMenu })));

interface Props {
  board: Board;
  sections: Section[];
  moment: Moment;
  columns: ColumnKey[];
  onColumns: (columns: ColumnKey[]) => void;
}

/** What only the table has: its columns are chosen, and it is taken along as a file. */
export function TableTools({ board, sections, moment, columns, onColumns }: Props) {
  const { t } = useTranslation("live");
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  function download() {
    const { head, rows } = tableOf(board, sections, columns, moment);
    save(
      csvOf(head, rows),
      `daylight-live-${new Date(moment.hubNowMs).toISOString().slice(0, 16).replace(":", "")}.csv`,
    );
  }
  return (
    <>
      <button
        type="button"
        className={`${css.tool} ${css.wide}`}
        title={t("columns.title")}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="columns" size={14} />
        <span>{t("columns.title")}</span>
      </button>
      {anchor && (
        <Suspense>
          <ColumnsMenu anchor={anchor} columns={columns} onColumns={onColumns} onClose={() => setAnchor(null)} />
        </Suspense>
      )}
      <button type="button" className={css.tool} title={t("columns.csvMeaning")} onClick={download}>
        <Icon name="download" size={14} />
        <span>{t("columns.csv")}</span>
      </button>
    </>
  );
}
