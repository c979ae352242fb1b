import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { number } from "../ui/time";
import type { Place } from "./api";
import css from "./Rights.module.css";

/** Kinds of texts that somebody's name stands in, with how many; `linked`: and where they are edited. */
export function Places({ places, linked = false }: { places: Place[]; linked?: boolean }) {
  const { t } = useTranslation("rights");
  return (
    <ul className={css.goes}>
      {places.map(({ kind, count, links }) => {
        const words = t(`mentions.kind.${kind}`);
        const line = t("mentions.line", { kind: words, count });
        const [first, ...more] = linked ? links : [];
        return (
          <li key={kind} className={css.place}>
            {first && more.length === 0 ? <Link to={first}>{line}</Link> : line}
            {more.length > 0 && " "}
            {more.length > 0 &&
              links.map((link, place) => (
                <Link key={link} to={link} aria-label={t("mentions.link", { kind: words, number: place + 1 })}>
                  {number(place + 1)}
                </Link>
              ))}
          </li>
        );
      })}
    </ul>
  );
}
