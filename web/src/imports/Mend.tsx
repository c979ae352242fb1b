import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { csvOf, save } from "../ui/csv";
import { Icon } from "../ui/Icon";
import { COLUMNS, HEADINGS, type Row, useLazyPreviewQuery } from "./api";
import css from "./Preview.module.css";
import { faultInWords } from "./words";

/** The rows that can't be used as a file, with what is wrong with each: to be mended and uploaded again. */
export function Mend({ id }: { id: string }) {
  const { t } = useTranslation("imports");
  const [ask] = useLazyPreviewQuery();
  const [busy, setBusy] = useState(false);

  async function download() {
    setBusy(true);
    const rows: Row[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      const { data } = await ask({ id, show: "bad", page });
      if (!data) {
        setBusy(false);
        return; // The page itself says why.
      }
      rows.push(...data.rows);
      pages = Math.ceil(data.total / data.per_page);
    }
    setBusy(false);
    save(
      csvOf(
        [...COLUMNS.map((column) => HEADINGS[column]), t("column.wrong")],
        rows.map((row) => [
          ...COLUMNS.map((column) => row.cells[column]),
          row.faults.map((fault) => faultInWords(fault)).join(" "),
        ]),
      ),
      t("do.file"),
    );
  }

  return (
    <Button className={css.mend ?? ""} startIcon={<Icon name="download" />} disabled={busy} onClick={download}>
      {t("do.download")}
    </Button>
  );
}
