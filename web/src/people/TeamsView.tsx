import Button from "@mui/material/Button";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Problem } from "../http/request";
import { useCommands } from "../ui/commands";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import type { Said } from "./acts";
import { useTeamsQuery } from "./api";
import listCss from "./PeopleList.module.css";
import css from "./PeoplePage.module.css";
import { NewTeamPanel, TeamPanel } from "./TeamPanel";
import { TeamTree } from "./TeamTree";

interface Props {
  me: number;
  say: (said: Said) => void;
  views: ReactNode;
}

/** The tree of teams; which one is open is in the address. */
export function TeamsView({ me, say, views }: Props) {
  const { t } = useTranslation(["people", "ui"]);
  const [params, setParams] = useSearchParams();
  const { data: teams, error, refetch } = useTeamsQuery(undefined, { refetchOnMountOrArgChange: true });
  const asked = params.get("team");
  const under = Number(params.get("under"));
  const top = teams?.find(({ parent }) => parent === null);

  function open(team: string | null, below?: number) {
    const next = new URLSearchParams({ view: "teams" });
    if (team) {
      next.set("team", team);
    }
    if (below) {
      next.set("under", String(below));
    }
    setParams(next);
  }
  const close = () => open(null);
  const add = () => top && open("new", top.id);
  useCommands([{ id: "teams/add", group: "action", title: t("teams.add"), icon: "plus", keys: "n", run: add }]);

  return (
    <div className={css.beside}>
      <main className={css.page}>
        {views}
        <div className={listCss.tools}>
          {top && (
            <div className={listCss.acts}>
              <Button
                variant="contained"
                color="primary"
                startIcon={<Icon name="plus" />}
                onClick={() => open("new", top.id)}
              >
                {t("teams.add")}
              </Button>
            </div>
          )}
        </div>
        {error && (
          <ProblemNote
            problem={error as Problem}
            kept={teams && t("ui:kept.shown")}
            action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>}
          />
        )}
        {!teams && !error && <div className={listCss.skeleton} role="status" aria-label={t("teams.loading")} />}
        {teams && (
          <TeamTree
            teams={teams}
            open={asked === null || asked === "new" ? null : Number(asked)}
            onOpen={(team) => open(String(team))}
            onAdd={(parent) => open("new", parent)}
          />
        )}
        {teams?.length === 1 && top && (
          <Empty
            icon="people"
            title={t("teams.new")}
            action={<Button onClick={() => open("new", top.id)}>{t("teams.add")}</Button>}
          >
            {t("teams.only")}
          </Empty>
        )}
      </main>
      {teams && top && asked === "new" && (
        <NewTeamPanel
          key={`new/${under}`}
          me={me}
          teams={teams}
          under={teams.some(({ id }) => id === under) ? under : top.id}
          say={say}
          onAdded={(team) => open(String(team))}
          onClose={close}
        />
      )}
      {teams && asked !== null && asked !== "new" && (
        <TeamPanel
          key={asked}
          me={me}
          team={teams.find(({ id }) => String(id) === asked)}
          teams={teams}
          say={say}
          onClose={close}
        />
      )}
    </div>
  );
}
