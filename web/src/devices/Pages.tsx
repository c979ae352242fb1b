import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { number } from "../ui/time";
import type { DevicePage } from "./api";
import css from "./Pages.module.css";

/** Which of all are shown, and the way to the others. */
export function Pages({ shown, onPage }: { shown: DevicePage; onPage: (page: number) => void }) {
  const { t } = useTranslation("devices");
  const { devices, total, page, per_page } = shown;
  const first = (page - 1) * per_page + 1;
  const last = Math.ceil(total / per_page);
  return (
    <nav className={css.pages} aria-label={t("all.pages")}>
      <span role="status">
        {t("all.shown", { first: number(first), last: number(first + devices.length - 1), total: number(total) })}
      </span>
      {last > 1 && (
        <>
          <Button disabled={page <= 1} onClick={() => onPage(page - 1)}>
            {t("all.before")}
          </Button>
          <Button disabled={page >= last} onClick={() => onPage(page + 1)}>
            {t("all.after")}
          </Button>
        </>
      )}
    </nav>
  );
}
