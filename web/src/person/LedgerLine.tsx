import { Trans, useTranslation } from "react-i18next";
import type { Day } from "../day/api";
import { Clock } from "../day/Clock";
import { Icon } from "../ui/Icon";
import css from "./LedgerLine.module.css";

/** That this look is written down, said once and before what is looked at. */
export function LedgerLine({ day: { own, looked_at, person } }: { day: Day }) {
  const { t } = useTranslation("person");
  return (
    <p className={css.ledger}>
      <Icon name="ledger" size={14} className={css.icon} />
      <span>
        {own && t("ledger.own")}
        {!own && t("ledger.recorded", { name: person.name })}{" "}
        {!own && looked_at && (
          <Trans
            t={t}
            i18nKey="ledger.at"
            components={{ time: <Clock ms={Date.parse(looked_at)} zone={person.zone} /> }}
          />
        )}
      </span>
    </p>
  );
}
