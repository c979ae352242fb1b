import { useTranslation } from "react-i18next";
import { FieldWords } from "../forms/Field";
import type { Problem } from "../http/request";
import css from "../tokens/Boxes.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import { useEveryTeamQuery } from "./api";
import { inTree } from "./tree";

interface Props {
  id: string;
  chosen: readonly number[];
  error: string | null;
  onChoose: (teams: number[]) => void;
}

/** The teams that a client is for. Whatever lies under one that is chosen is chosen with it. */
export function TeamBoxes({ id, chosen, error, onChoose }: Props) {
  const { t } = useTranslation("clients");
  const { data: teams, error: away } = useEveryTeamQuery();
  return (
    <fieldset className={css.boxes} id={id} tabIndex={-1}>
      <legend>{t("form.teams")}</legend>
      {away && <ProblemNote problem={away as Problem} />}
      <div className={css.list}>
        {inTree(teams ?? []).map(({ team, depth, above }) => {
          const within = above.some((each) => chosen.includes(each));
          return (
            <label key={team.id} style={{ paddingInlineStart: depth * 20 }}>
              <input
                type="checkbox"
                checked={within || chosen.includes(team.id)}
                disabled={within}
                onChange={() =>
                  onChoose(chosen.includes(team.id) ? chosen.filter((each) => each !== team.id) : [...chosen, team.id])
                }
              />
              <span>{team.name}</span>
            </label>
          );
        })}
      </div>
      <FieldWords id={id} error={error} hint={t("form.teamsHint")} />
    </fieldset>
  );
}
