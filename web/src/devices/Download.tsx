import Button from "@mui/material/Button";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { csvOf, save } from "../ui/csv";
import { Icon } from "../ui/Icon";
import { ProblemNote, within } from "../ui/ProblemNote";
import { number } from "../ui/time";
import { type Filter, type OwnedDevice, useLazyAllDevicesQuery } from "./api";
import { conditionOf } from "./condition";
import css from "./Download.module.css";

/** Everything that the filter lets through, of all pages, as CSV. */
export function Download({ filter: { find, state } }: { filter: Filter }) {
  const { t } = useTranslation(["devices", "ui"]);
  const [ask] = useLazyAllDevicesQuery();
  const [progress, setProgress] = useState<{ page: number; pages: number } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const cancelled = useRef(false);

  async function download() {
    cancelled.current = false;
    setProblem(null);
    const rows: OwnedDevice[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      setProgress({ page, pages });
      const { data, error } = await ask({ find, state, page });
      if (cancelled.current || !data) {
        setProblem(cancelled.current ? null : (error as Problem));
        setProgress(null);
        return;
      }
      rows.push(...data.devices);
      pages = Math.ceil(data.total / data.per_page);
    }
    setProgress(null);
    const now = Date.now();
    const head = ["person", "device", "system", "version", "condition", "lastSeen", "enrolled", "revoked"] as const;
    save(
      csvOf(
        head.map((column) => t(`csv.${column}`)),
        rows.map((row) => [
          row.person_name,
          row.name,
          row.system,
          row.version,
          t(`csv.is.${conditionOf(row, now)}`),
          row.last_seen_at,
          row.enrolled_at,
          row.revoked_at,
        ]),
      ),
      "devices.csv",
    );
  }

  if (progress) {
    return (
      <span className={css.progress}>
        <span role="status">{t("csv.progress", { page: number(progress.page), pages: number(progress.pages) })}</span>
        <Button
          onClick={() => {
            cancelled.current = true;
          }}
        >
          {t("csv.cancel")}
        </Button>
      </span>
    );
  }
  return (
    <>
      <Button className={css.button ?? ""} startIcon={<Icon name="download" />} onClick={download}>
        <span className={css.label}>{t("csv.download")}</span>
      </Button>
      {problem && (
        <div className={css.failed}>
          <ProblemNote
            problem={within(t("csv.failed"), problem)}
            action={<Button onClick={download}>{t("ui:tryAgain")}</Button>}
          />
        </div>
      )}
    </>
  );
}
