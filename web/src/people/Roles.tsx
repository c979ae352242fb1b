import Button from "@mui/material/Button";
import IconButton from "@mui/material/IconButton";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../forms/Choice";
import css from "../forms/Form.module.css";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote, within } from "../ui/ProblemNote";
import type { Said } from "./acts";
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

interface Props {
  person: Profile;
  teams: Team[];
  say: (said: Said) => void;
}

/** What somebody may do beside being here: take a role away, or give another. Both can be taken back. */
export function Roles({ person, teams, say }: Props) {
  const { t } = useTranslation(["people", "ui"]);
  const word = useRoleWord();
  const [give, giving] = useGiveRoleMutation();
  const [take, taking] = useTakeRoleMutation();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [role, setRole] = useState<Role | "">("");
  const [team, setTeam] = useState("");
  const held = (each: Role) => person.roles.some((one) => one.role === each);
  const ready = role !== "" && (role !== "manager" || team !== "");

  const { id, name } = person;
  const giveRole = (each: HeldRole) => give({ id, role: each.role, team: each.team?.id ?? null });
  const takeRole = (each: HeldRole) => take({ id, held: each });

  /** Does `act`, and says so with the way back, `undo`. */
  async function done(
    what: "roleGiven" | "roleTaken",
    each: HeldRole,
    act: (each: HeldRole) => Promise<{ error?: unknown }>,
    undo: typeof act,
  ): Promise<boolean> {
    const problemOf = async (doing: typeof act) => ((await doing(each)).error as Problem | undefined) ?? null;
    const refused = await problemOf(act);
    setProblem(refused);
    if (!refused) {
      say({ words: t(`done.${what}`, { name, role: word(each) }), undo: () => problemOf(undo) });
    }
    return !refused;
  }
  async function giveIt() {
    if (role === "") {
      return;
    }
    const into = role === "manager" ? (teams.find((each) => String(each.id) === team) ?? null) : null;
    if (await done("roleGiven", { role, team: into }, giveRole, takeRole)) {
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
                onClick={() => done("roleTaken", each, takeRole, giveRole)}
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
