import { useTranslation } from "react-i18next";
import css from "./Skeleton.module.css";
import type { Density } from "./view";

/** The page's outline until the first snapshot is whole, as densely as people will stand. */
export function Skeleton({ density, scale = 1 }: { density: Density; scale?: number }) {
  const { t } = useTranslation("live");
  return (
    <div className={css.skeleton} role="status" aria-label={t("loading")} style={{ zoom: scale }}>
      <div className={css.counts} />
      <div className={css.find} />
      {(density === "table" ? ["90px"] : ["90px", "64px"]).map((width) => (
        <div key={width}>
          <div className={css.name} style={{ width }} />
          <div className={css.people} data-density={density}>
            {density === "cards" && CARDS.map((card) => <div key={card} className={css.card} />)}
          </div>
        </div>
      ))}
    </div>
  );
}

const CARDS = [1, 2, 3, 4, 5, 6];
