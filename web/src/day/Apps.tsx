import { useTranslation } from "react-i18next";
import { hoursMinutes } from "../ui/time";
import css from "./Apps.module.css";
import type { Day } from "./api";
import { named } from "./said";

/** What the day was spent in, longest first; the lengths are against the longest. */
export function Apps({ day: { apps, apps_rest_s, collected } }: { day: Day }) {
  const { t } = useTranslation(["person", "ui"]);
  if (apps.length === 0) {
    return <p className={css.none}>{t(collected.apps || collected.sites ? "apps.none" : "apps.off")}</p>;
  }
  const longestS = Math.max(...apps.map(({ active_s, passive_s }) => active_s + passive_s), 1);
  const width = (s: number) => `${(100 * s) / longestS}%`;
  return (
    <>
      <ul className={css.apps} aria-label={t("apps.label")}>
        {apps.map(({ app, site, active_s, passive_s }) => {
          const name = named({ app, site })[0] ?? t("apps.unnamed");
          const parts = t("apps.parts", { active: hoursMinutes(active_s), passive: hoursMinutes(passive_s) });
          return (
            <li key={`${app}/${site}`} className={css.app} title={passive_s > 0 ? parts : undefined}>
              <span className={css.name} title={name}>
                {name}
              </span>
              <span className={css.bar} aria-hidden="true">
                {active_s > 0 && <i className={css.active} style={{ inlineSize: width(active_s) }} />}
                {passive_s > 0 && <i className={css.passive} style={{ inlineSize: width(passive_s) }} />}
              </span>
              <span className={css.time}>{hoursMinutes(active_s + passive_s)}</span>
            </li>
          );
        })}
        {apps_rest_s > 0 && (
          <li className={css.app}>
            <span className={css.rest}>{t("apps.rest")}</span>
            <span className={css.time}>{hoursMinutes(apps_rest_s)}</span>
          </li>
        )}
      </ul>
      {apps.some(({ passive_s }) => passive_s > 0) && (
        <p className={css.legend} aria-hidden="true">
          <span>
            <i className={css.active} />
            {t("ui:state.active")}
          </span>
          <span>
            <i className={css.passive} />
            {t("ui:state.passive")}
          </span>
        </p>
      )}
    </>
  );
}
