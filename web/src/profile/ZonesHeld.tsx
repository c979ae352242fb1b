import { useTranslation } from "react-i18next";
import css from "../forms/Form.module.css";
import { spoken } from "../forms/zones";
import { day } from "../ui/time";
import type { HeldZone } from "./api";

/** In which zones their workdays were, are and will be. */
export function ZonesHeld({ zones }: { zones: HeldZone[] }) {
  const { t } = useTranslation("people");
  return (
    <ul className={css.history}>
      {zones.map(({ zone, since_at, until_at }) => (
        <li key={`${zone}/${since_at}`}>
          <span>{spoken(zone)}</span>
          <span>
            {since_at && until_at
              ? t("person.period", { from: day(since_at), to: day(until_at) })
              : since_at
                ? t("person.since", { day: day(since_at) })
                : until_at && t("person.until", { day: day(until_at) })}
          </span>
        </li>
      ))}
    </ul>
  );
}
