import Button from "@mui/material/Button";
import IconButton from "@mui/material/IconButton";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../forms/Choice";
import css from "../forms/Form.module.css";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote, within } from "../ui/ProblemNote";
import {
  type HeldRole,
  type Profile,
  ROLES,
  type Role,
  type Team,
  useGiveRoleMutation,
  useTakeRoleMutation,
} from "./api";
import { options } from "./tree";
import { useRoleWord } from "./useRoleWord";

/** What somebody may do beside being here: take a role away, or give another. */
export function Roles({ person, teams }: { person: Profile; teams: Team[] }) {
  const { t } = useTranslation(["people", "ui"]);
  const word = useRoleWord();
  const [give, giving] = useGiveRoleMutation();
  const [take, taking] = useTakeRoleMutation();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [role, setRole] = useState<Role | "">("");
  const [team, setTeam] = useState("");
  const held = (each: Role) => person.roles.some((one) => one.role === each);
  const ready = role !== "" && (role !== "manager" || team !== "");

  async function done(act: Promise<{ error?: unknown }>): Promise<boolean> {
    const { error } = await act;
    setProblem((error as Problem | undefined) ?? null);
    return !error;
  }
  async function giveIt() {
    if (role !== "" && (await done(give({ id: person.id, role, team: role === "manager" ? Number(team) : null })))) {
      setRole("");
      setTeam("");
    }
  }

  return (
    <>
      {problem && <ProblemNote problem={within(t("failed.role"), problem)} />}
      {person.roles.length === 0 && <p className={css.note}>{t("person.noRoles")}</p>}
      {person.roles.length > 0 && (
        <ul className={css.held}>
          {person.roles.map((each: HeldRole) => (
            <li key={`${each.role}/${each.team?.id}`}>
              <span>
                {word(each)}
                <small>{t(`meaning.${each.role}`)}</small>
              </span>
              <IconButton
                aria-label={t("person.take", { role: word(each) })}
                title={t("person.take", { role: word(each) })}
                disabled={taking.isLoading}
                onClick={() => done(take({ id: person.id, held: each }))}
              >
                <Icon name="close" />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <div className={css.line}>
        <Choice
          className={css.choice}
          label={t("person.giveRole")}
          value={role}
          options={[
            ["", t("person.give")],
            ...ROLES.filter((each) => each === "manager" || !held(each)).map(
              (each) => [each, t(`roles.${each}`)] as const,
            ),
          ]}
          onChoose={setRole}
        />
        {role !== "manager" && (
          <Button disabled={!ready || giving.isLoading} onClick={giveIt}>
            {t("person.giveIt")}
          </Button>
        )}
      </div>
      {role === "manager" && (
        <div className={css.line}>
          <Choice
            className={css.choice}
            label={t("person.giveTeam")}
            value={team}
            options={[["", t("choose")], ...options(teams)]}
            onChoose={setTeam}
          />
          <Button disabled={!ready || giving.isLoading} onClick={giveIt}>
            {t("person.giveIt")}
          </Button>
        </div>
      )}
      {role !== "" && <p className={css.note}>{t(`meaning.${role}`)}</p>}
    </>
  );
}
