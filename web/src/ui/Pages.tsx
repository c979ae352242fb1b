import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import "../i18n/en/pages";
import css from "./Pages.module.css";
import { number } from "./time";

interface Props {
  /** From 1. */
  page: number;
  per_page: number;
  /** Of all pages. */
  total: number;
  /** How many stand on this one. */
  count: number;
  onPage: (page: number) => void;
}

/** Which of all are shown, and the way to the others. */
export function Pages({ page, per_page, total, count, onPage }: Props) {
  const { t } = useTranslation("pages");
  const first = (page - 1) * per_page + 1;
  const last = Math.ceil(total / per_page);
  return (
    <nav className={css.pages} aria-label={t("title")}>
      <span role="status">
        {t("shown", { first: number(first), last: number(first + count - 1), total: number(total) })}
      </span>
      {last > 1 && (
        <>
          <Button disabled={page <= 1} onClick={() => onPage(page - 1)}>
            {t("before")}
          </Button>
          <Button disabled={page >= last} onClick={() => onPage(page + 1)}>
            {t("after")}
          </Button>
        </>
      )}
    </nav>
  );
}
