import Button from "@mui/material/Button";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import css from "./DoneStep.module.css";
import type { Admin } from "./step";

interface Props {
  admin: Admin;
  /** Name of the team that was made. */
  team: string | undefined;
  onLive: () => void;
}

/** What to do next. */
export function DoneStep({ admin, team, onLive }: Props) {
  const { t } = useTranslation("setup");
  const name = team ?? admin.team?.name ?? t("done.myTeam");
  return (
    <ol className={css.next}>
      <Next title={t("done.live")} words={admin.manages ? t("done.liveWords", { team: name }) : t("done.liveNobody")}>
        <Button variant="contained" color="primary" onClick={onLive}>
          {t("done.openLive")}
        </Button>
      </Next>
      <Next title={t("done.people")} words={t("done.peopleWords")}>
        <div className={css.ways}>
          <Button component={Link} to="/people">
            {t("done.openPeople")}
          </Button>
          <Button component={Link} to="/people/import">
            {t("done.import")}
          </Button>
        </div>
      </Next>
      <Next title={t("done.desktops")} words={t("done.desktopsWords")}>
        <Button component={Link} to="/devices?view=all&codes=">
          {t("done.rollOut")}
        </Button>
      </Next>
      <Next title={t("done.docs")} words={t("done.docsWords")} />
      <li className={css.change}>{t("done.change")}</li>
    </ol>
  );
}

function Next({ title, words, children }: { title: string; words: string; children?: ReactNode }) {
  return (
    <li className={css.item}>
      <h3>{title}</h3>
      <p>{words}</p>
      {children}
    </li>
  );
}
