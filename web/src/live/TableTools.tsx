import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { KINDS, type Kind } from "../ui/csv";
import { Icon } from "../ui/Icon";
import { MenuButton } from "../ui/MenuButton";
import type { ColumnKey } from "./columns";
import css from "./Toolbar.module.css";

const ColumnsMenu = lazy(() => import("./ColumnsMenu").then((module) => ({ default: module.ColumnsMenu })));

/** What only the table has: its columns are chosen, and it is taken along as a file. */
export interface Table {
  columns: ColumnKey[];
  onColumns: (columns: ColumnKey[]) => void;
  onDownload: (kind: Kind) => void;
}

export function TableTools({ columns, onColumns, onDownload }: Table) {
  const { t } = useTranslation("live");
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
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
      <MenuButton
        className={`${css.tool} ${css.wide}`}
        title={t("columns.csvMeaning")}
        groups={[
          {
            key: "kinds",
            choices: KINDS.map((kind) => ({ key: kind, word: t(`columns.${kind}`), onChoose: () => onDownload(kind) })),
          },
        ]}
      >
        <Icon name="download" size={14} />
        <span>{t("columns.file")}</span>
      </MenuButton>
    </>
  );
}
