import useMediaQuery from "@mui/material/useMediaQuery";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import "../i18n/en/people";
import { Bar } from "../ui/Bar";
import { useFocusKept } from "../ui/useFocusKept";
import { type Said, useActs } from "./acts";
import { useTeamsQuery } from "./api";
import { LinksDialog } from "./LinksDialog";
import { NewPersonPanel } from "./NewPersonPanel";
import { PeopleList } from "./PeopleList";
import css from "./PeoplePage.module.css";
import { PersonPanel } from "./PersonPanel";
import { SaidNote } from "./SaidNote";
import { TeamsView } from "./TeamsView";
import { useView } from "./useView";

interface Props {
  me: { id: number; organisation: { zone: string; demo: boolean } };
}

/** Who is here, and in which teams: for admins, who see nothing of what anybody does. */
export function PeoplePage({ me }: Props) {
  const { t } = useTranslation("people");
  const [params] = useSearchParams();
  const { view, put } = useView();
  const { data: teams = [] } = useTeamsQuery();
  const [said, setSaid] = useState<Said | null>(null);
  const acts = useActs(setSaid);
  const page = useRef<HTMLDivElement>(null);
  useFocusKept(page);
  const phone = useMediaQuery("(max-width: 760px)");
  const tree = params.get("view") === "teams";

  const views = (
    <nav className={css.views} aria-label={t("views")}>
      <Link to="/people" {...(!tree && { "aria-current": "page" })}>
        {t("viewPeople")}
      </Link>
      <Link to="/people?view=teams" {...(tree && { "aria-current": "page" })}>
        {t("viewTeams")}
      </Link>
    </nav>
  );
  return (
    <div ref={page}>
      <Bar title={t("title")}>{!phone && views}</Bar>
      {tree ? (
        <TeamsView me={me.id} say={setSaid} views={phone && views} />
      ) : (
        <div className={css.beside}>
          <main className={css.page}>
            {phone && views}
            <PeopleList view={view} put={put} teams={teams} acts={acts} demo={me.organisation.demo} />
          </main>
          {view.person === "new" && (
            <NewPersonPanel
              me={me.id}
              zone={me.organisation.zone}
              teams={teams}
              say={setSaid}
              onAdded={(person) => put({ person })}
              onClose={() => put({ person: null })}
            />
          )}
          {typeof view.person === "number" && (
            <PersonPanel
              key={view.person}
              id={view.person}
              me={me.id}
              teams={teams}
              acts={acts}
              say={setSaid}
              onClose={() => put({ person: null })}
            />
          )}
        </div>
      )}
      <SaidNote said={said} onSaid={setSaid} />
      {said?.links && said.links.length > 0 && (
        <LinksDialog links={said.links} onClose={() => setSaid({ ...said, links: [] })} />
      )}
    </div>
  );
}
