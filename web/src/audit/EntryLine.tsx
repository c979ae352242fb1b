import { useTranslation } from "react-i18next";
import { dayAndClock, number } from "../ui/time";
import css from "./AuditPage.module.css";
import type { Detail, Entry } from "./api";
import { detailsSaid, nameOf, said } from "./said";

interface Props {
  entry: Entry;
  /** Of somebody who was chosen: all of theirs. */
  onPerson: (person: number) => void;
}

/** One row: what, by whom, about whom, when, and its place in the chain. */
export function EntryLine({ entry, onPerson }: Props) {
  const { t } = useTranslation("audit");
  const { act, at, by, client, about, team, detail, place } = entry;
  const itself = about !== null && about.id === by?.id;
  return (
    <li className={css.entry}>
      <span className={css.what}>
        <b>{said("act", act)}</b>
        {by ? (
          <Person named={by} onPerson={onPerson} />
        ) : (
          <span>{client ? t("program", { name: nameOf(client) }) : t("system")}</span>
        )}
        {about && !itself && (
          <span>
            {t("about")} <Person named={about} onPerson={onPerson} />
          </span>
        )}
        {team && <span>{t("team", { name: nameOf(team) })}</span>}
        {by && client && <span>{t("program", { name: nameOf(client) })}</span>}
        <Details detail={detail} />
      </span>
      <span className={css.when}>
        <time dateTime={at}>{dayAndClock(at)}</time>
        <span className={css.place} title={t("placeMeaning")}>
          {place === null ? t("placeWaits") : t("place", { place: number(place) })}
        </span>
      </span>
    </li>
  );
}

function Person({ named, onPerson }: { named: { id: number; name: string }; onPerson: (person: number) => void }) {
  const { t } = useTranslation("audit");
  const name = nameOf(named);
  return (
    <button type="button" className={css.person} title={t("allOf", { name })} onClick={() => onPerson(named.id)}>
      {name}
    </button>
  );
}

function Details({ detail }: { detail: Detail }) {
  return detailsSaid(detail).map(([name, value]) => (
    <span key={name} className={css.detail}>
      {value === "" ? name : `${name}: ${value}`}
    </span>
  ));
}
