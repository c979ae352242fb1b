import { useTranslation } from "react-i18next";
import css from "./Skeleton.module.css";

/** The page's outline until the first snapshot is whole. */
export function Skeleton() {
  const { t } = useTranslation("live");
  return (
    <div className={css.skeleton} role="status" aria-label={t("loading")}>
      <div className={css.counts} />
      <div className={css.find} />
      {["90px", "64px"].map((width) => (
        <div key={width}>
          <div className={css.name} style={{ width }} />
          <div className={css.sheet} />
        </div>
      ))}
    </div>
  );
}
