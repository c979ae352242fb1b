import { useTranslation } from "react-i18next";
import { minutesSaid } from "../policy/said";
import { Icon } from "../ui/Icon";
import { list, number } from "../ui/time";
import { COUNTED_MAX, type Difference, type Removal } from "./api";
import css from "./ChangePanel.module.css";
import { removalSaid, saidAs } from "./said";

/** What a change would do: to how many, whom it asks first, and what it removes. */
export function Effect({ difference }: { difference: Difference }) {
  const { t } = useTranslation("policies");
  const { people, devices, widens, asked, removes } = difference;
  return (
    <>
      <dl className={css.counts}>
        <div>
          <dt>{t("difference.people")}</dt>
          <dd>{number(people)}</dd>
        </div>
        <div>
          <dt>{t("difference.devices")}</dt>
          <dd>{number(devices)}</dd>
        </div>
      </dl>
      {widens.length > 0 && (
        <p className={css.widens}>
          <Icon name="attention" size={16} />
          <span>
            <b>{t("difference.widens")}</b>{" "}
            {asked > 0 ? t("difference.asked", { count: asked }) : t("difference.nobody")}
          </span>
        </p>
      )}
      {removes.length > 0 && <Removes removes={removes} />}
    </>
  );
}

/** What a change would have meant last week, as far as it can be told, and of what it can't. */
export function LastWeek({ difference }: { difference: Difference }) {
  const { t } = useTranslation(["policies", "policy"]);
  const said = [...figures(difference), ...rest(difference)];
  return (
    said.length > 0 && (
      <section className={css.week} aria-label={t("week.title")}>
        <h4>{t("week.title")}</h4>
        <ul>
          {said.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <p className={css.words}>{t("week.past")}</p>
      </section>
    )
  );

  function figures({ idle_min, without_app_min, outside_percent, without_titles, without_counts }: Difference) {
    const lines: string[] = [];
    if (outside_percent !== null) {
      lines.push(
        outside_percent === 0
          ? t("week.outside_none")
          : t("week.outside", { share: number(outside_percent / 100, { style: "percent" }) }),
      );
    }
    if (idle_min !== null) {
      const minutes = minutesSaid(60 * Math.abs(idle_min));
      lines.push(
        t(idle_min === 0 ? "week.idle_same" : idle_min > 0 ? "week.idle_more" : "week.idle_less", { minutes }),
      );
    }
    if (without_app_min !== null) {
      lines.push(t("week.app", { minutes: minutesSaid(60 * without_app_min) }));
    }
    if (without_titles !== null) {
      const key = without_titles >= COUNTED_MAX ? "week.titles_more" : "week.titles";
      lines.push(t(key, { records: number(without_titles) }));
    }
    if (without_counts !== null) {
      lines.push(t("week.counts", { counts: number(without_counts) }));
    }
    return lines;
  }

  function rest({ widens, untold }: Difference) {
    const collected = widens.filter((field) => (MORE as readonly string[]).includes(field));
    const named = (fields: Difference["untold"]) => list(fields.map((field) => t(`policy:field.${field}`)));
    return [
      ...(collected.length > 0 ? [t("week.more", { fields: named(collected) })] : []),
      ...(untold.length > 0 ? [t("week.untold", { fields: named(untold) })] : []),
    ];
  }
}

/** Of what is collected more, last week holds nothing. */
const MORE = ["app", "site", "title", "input_counts", "hours"] as const;

/** What shorter periods take the next night: an alarm where there is something that they take. */
function Removes({ removes }: { removes: Removal[] }) {
  const { t } = useTranslation(["policies", "policy"]);
  const goes = removes.some(({ records }) => records !== 0);
  const title = t(goes ? "removal.title" : "removal.shorter");
  return (
    <div className={css.removes} data-goes={goes || undefined}>
      <p>
        {goes && <Icon name="attention" size={16} />} <b>{title}</b>
      </p>
      <ul aria-label={title}>
        {removes.map((removal) => (
          <li key={removal.period}>
            <b>
              {t("removal.line", {
                what: t(`policy:field.${removal.period}`),
                period: saidAs(removal.period, removal.days),
                people: t("removal.people", { count: removal.people }),
              })}
            </b>
            <span>{removalSaid(removal)}</span>
          </li>
        ))}
      </ul>
      {goes && <p>{t("removal.words")}</p>}
    </div>
  );
}
