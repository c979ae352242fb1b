import { useTranslation } from "react-i18next";
import { i18n } from "../i18n/i18n";
import { dayAndClock, number } from "../ui/time";
import css from "./AuditPage.module.css";
import type { Detail, Entry } from "./api";

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
  const told = Object.entries(detail).flatMap(([name, value]) => {
    if (HIDDEN.has(name) || value === null || value === false) {
      return [];
    }
    if (typeof value === "object") {
      return Object.entries(value).map(([field, { old, new: now }]) => [
        said("detail", field),
        `${shown(old)} → ${shown(now)}`,
      ]);
    }
    return [[said("detail", name), value === true ? "" : shown(value)]];
  });
  return told.map(([name, value]) => (
    <span key={name} className={css.detail}>
      {value === "" ? name : `${name}: ${value}`}
    </span>
  ));
}

/** What only holds rows together. */
const HIDDEN = new Set(["sitting", "sign_in", "fields"]);

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

function shown(value: unknown): string {
  if (typeof value === "string" && MOMENT.test(value)) {
    return dayAndClock(value);
  }
  if (typeof value === "string") {
    return value.length > 0 ? said("value", value) : i18n.t("audit:empty");
  }
  return value === null ? i18n.t("audit:empty") : JSON.stringify(value);
}

/** Words for what the hub calls by a name; the name itself where there are none yet, and what somebody wrote as they wrote it. */
function said(of: "act" | "detail" | "value", name: string): string {
  const key = `audit:${of}.${name}`;
  if (!/^[a-z_]+$/.test(name)) {
    return name;
  }
  return i18n.exists(key) ? i18n.t(key as "audit:act.denied") : name.replaceAll("_", " ");
}

function nameOf({ id, name }: { id: number; name: string }): string {
  return name || i18n.t("audit:number", { id });
}
