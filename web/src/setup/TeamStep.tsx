import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, useImperativeHandle, useState } from "react";
import { useTranslation } from "react-i18next";
import { described, Field } from "../forms/Field";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useMakeTeamMutation } from "./api";
import type { StepProps } from "./step";
import css from "./TeamStep.module.css";

/** The first team, and what whoever sets up has to do with it. Made once: coming back shows what was made. */
export function TeamStep({ ref, admin, draft, put, onChanged }: StepProps) {
  const { t } = useTranslation(["setup", "ui"]);
  const ids = { name: useId(), you: useId() };
  const [another, setAnother] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [makeTeam] = useMakeTeamMutation();

  const { made } = draft;
  const there = (made || admin.team || admin.manages) && !another;
  const name = draft.team ?? "";
  const join = draft.join ?? true;
  const manage = draft.manage ?? true;

  function refuse(words: string): boolean {
    setError(words);
    focusOn(ids.name);
    return false;
  }

  useImperativeHandle(ref, () => ({
    async save(forward) {
      // Going back makes nothing.
      if (there || !forward) {
        return true;
      }
      setProblem(null);
      setError(null);
      if (name.trim() === "") {
        return refuse(t("team.nameMissing"));
      }
      const { data, error: refused } = await makeTeam({ name: name.trim(), join, manage });
      if (!data) {
        if (fieldOf(refused as Problem, ["name"])) {
          return refuse(wordsOf(refused as Problem));
        }
        setProblem(refused as Problem);
        return false;
      }
      // Noted before anything else: made is made, whatever comes now.
      put({ made: { id: data.id, name: name.trim(), join, manage }, team: undefined });
      setAnother(false);
      await onChanged();
      return true;
    },
  }));

  if (there) {
    const joined = made ? made.join : admin.team !== null;
    const managed = made ? made.manage : admin.manages;
    return (
      <div className={css.made}>
        <Icon name="check" className={css.good} />
        <div>
          <b>
            {made
              ? t("team.made", { name: made.name })
              : admin.team
                ? t("team.already", { name: admin.team.name })
                : t("team.alreadyManages")}
          </b>
          {made && joined && <p>{t("team.madeJoined")}</p>}
          {made && managed && <p>{t("team.madeManaged")}</p>}
          {made && !joined && !managed && <p>{t("team.madeNeither")}</p>}
          <Button className={css.another} onClick={() => setAnother(true)} startIcon={<Icon name="plus" />}>
            {t("team.another")}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <>
      {problem && <ProblemNote problem={problem} kept={t("ui:kept.typed")} />}
      <Field id={ids.name} label={t("team.name")} error={error}>
        <OutlinedInput
          id={ids.name}
          fullWidth
          autoComplete="off"
          value={name}
          onChange={(event) => put({ team: event.target.value })}
          inputProps={{ ...described(ids.name, { error }), maxLength: 200 }}
          error={error !== null}
        />
      </Field>
      <fieldset className={css.you}>
        <legend>{t("team.you")}</legend>
        <Choice
          checked={join}
          onChange={(chosen) => put({ join: chosen })}
          title={t("team.join")}
          words={t("team.joinWords")}
        />
        <Choice
          checked={manage}
          onChange={(chosen) => put({ manage: chosen })}
          title={t("team.manage")}
          words={t("team.manageWords")}
        />
        {!manage && <p className={css.neither}>{t("team.neither")}</p>}
      </fieldset>
    </>
  );
}

interface ChoiceProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  title: string;
  words: string;
}

function Choice({ checked, onChange, title, words }: ChoiceProps) {
  const id = useId();
  return (
    <label className={css.choice} htmlFor={id}>
      <Checkbox
        className={css.box ?? ""}
        color="primary"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        slotProps={{ input: { id, "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-words` } }}
      />
      <span>
        <b id={`${id}-title`}>{title}</b>
        <span id={`${id}-words`}>{words}</span>
      </span>
    </label>
  );
}
