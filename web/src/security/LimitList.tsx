import { useTranslation } from "react-i18next";
import { number } from "../ui/time";
import type { Limited } from "./api";
import css from "./LimitList.module.css";

/** How often one may try, by whom it is counted, and what happens while nothing can be counted. */
export function LimitList({ limits }: { limits: Limited[] }) {
  const { t } = useTranslation("security");
  return (
    <ul className={css.list}>
      {limits.map(({ what, by, times, minutes, closed }) => (
        <li key={`${what} ${by}`} className={css.limit}>
          <span>
            <b>{t(`limits.what.${what}`)}</b> <span className={css.by}>{t(`limits.by.${by}`)}</span>
          </span>
          <span className={css.often}>{t("limits.in", { count: minutes, times: number(times) })}</span>
          <span className={css.away}>{t(closed ? "limits.closed" : "limits.open")}</span>
        </li>
      ))}
    </ul>
  );
}
