import useMediaQuery from "@mui/material/useMediaQuery";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { FindBox } from "../forms/FindBox";
import { Icon, type IconName } from "../ui/Icon";
import { number } from "../ui/time";
import { type Policies, type Settings, useFindPeopleQuery } from "./api";
import css from "./Places.module.css";

/** Every place that may set something: all, the tree of teams, people of their own; then the ceiling and the history. */
export function Places({ policies, admin }: { policies: Policies; admin: boolean }) {
  const { t } = useTranslation(["policies", "papers"]);
  const [params] = useSearchParams();
  const here = params.toString();
  const [find, setFind] = useState("");
  const phone = useMediaQuery("(max-width: 900px)");
  const [unfolded, setUnfolded] = useState(false);
  const list = useId();
  const { data: found } = useFindPeopleQuery(find, { skip: !admin || find === "" });

  const line = (query: string, name: string, depth: number, settings?: Settings, icon?: IconName) => (
    <li key={query}>
      <Link
        to={`/admin/policies${query ? `?${query}` : ""}`}
        aria-current={here === query ? "page" : undefined}
        className={css.place}
        style={{ paddingInlineStart: `${12 + depth * 16}px` }}
        onClick={() => {
          setFind("");
          setUnfolded(false);
        }}
      >
        {icon && <Icon name={icon} size={14} />}
        <span className={css.name}>{name}</span>
        {settings && Object.keys(settings).length > 0 && (
          <small>{t("places.set", { count: Object.keys(settings).length })}</small>
        )}
      </Link>
    </li>
  );

  return (
    <nav className={css.places} aria-label={t("places.title")}>
      {phone && (
        <button
          type="button"
          className={css.fold}
          aria-expanded={unfolded}
          aria-controls={list}
          onClick={() => setUnfolded(!unfolded)}
        >
          {t("places.title")} <Icon name="down" />
        </button>
      )}
      <div id={list} hidden={phone && !unfolded}>
        <ul>
          {line("", t("places.everybody"), 0, policies.organisation.settings)}
          {inTree(policies.teams).map(({ team, depth }) =>
            line(`team=${team.id}`, team.name, depth + 1, team.settings),
          )}
        </ul>
        {(admin || policies.people.length > 0) && (
          <>
            <h2>
              {t("places.people")} {policies.people.length > 0 && number(policies.people.length)}
            </h2>
            <ul>{policies.people.map(({ id, name, settings }) => line(`person=${id}`, name, 0, settings))}</ul>
            {admin && (
              <div className={css.find}>
                <FindBox label={t("places.add")} text={find} onText={setFind} />
              </div>
            )}
            {find && found && (
              <ul aria-label={t("places.add")}>
                {found.people.length === 0 && <li className={css.none}>{t("find.none")}</li>}
                {found.people.map(({ id, name }) => line(`person=${id}`, name, 0, undefined, "plus"))}
              </ul>
            )}
          </>
        )}
        <ul className={css.rest}>
          {line("ceiling=", t("places.ceiling"), 0, undefined, policies.proposal ? "attention" : "locked")}
          {line("history=", t("places.history"), 0, undefined, "recent")}
          {line("papers=", t("papers:title"), 0, undefined, "download")}
        </ul>
      </div>
    </nav>
  );
}

interface Branch {
  id: number;
  parent: number | null;
}

function inTree<Team extends Branch>(
  teams: Team[],
  parent: number | null = null,
  depth = 0,
): { team: Team; depth: number }[] {
  const known = new Set(teams.map(({ id }) => id));
  const under = (team: Team) => (team.parent !== null && known.has(team.parent) ? team.parent : null);
  return teams
    .filter((team) => under(team) === parent)
    .flatMap((team) => [{ team, depth }, ...inTree(teams, team.id, depth + 1)]);
}
