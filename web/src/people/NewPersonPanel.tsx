import Button from "@mui/material/Button";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../forms/Choice";
import { useDraft } from "../forms/draft";
import { Field } from "../forms/Field";
import css from "../forms/Form.module.css";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { FIELDS, type Mistakes, PersonFields, type Typed } from "../profile/PersonFields";
import { Beside } from "../ui/Beside";
import { ProblemNote, within } from "../ui/ProblemNote";
import type { Said } from "./acts";
import { type Team, useAddPersonMutation } from "./api";
import { options } from "./tree";

interface Draft extends Typed {
  team: string;
}

interface Props {
  me: number;
  /** Of the organisation. */
  zone: string;
  teams: Team[];
  say: (said: Said) => void;
  onAdded: (person: number) => void;
  onClose: () => void;
}

const EMPTY: Draft = { name: "", email: "", zone: "", locale: null, working_hours: null, team: "" };

export function NewPersonPanel({ me, zone, teams, say, onAdded, onClose }: Props) {
  const { t } = useTranslation(["people", "ui"]);
  const prefix = useId();
  const { draft, put, drop } = useDraft<Draft>(`daylight-person-${me}-new`, EMPTY);
  const [add, { isLoading }] = useAddPersonMutation();
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const begun = draft.name !== "" || draft.email !== "";

  async function submit(event: FormEvent) {
    event.preventDefault();
    const missing: Mistakes = {
      ...(draft.name.trim() === "" && { name: t("person.nameMissing") }),
      ...(draft.email.trim() === "" && { email: t("person.emailMissing") }),
    };
    const [first] = Object.keys(missing);
    setMistakes(missing);
    setProblem(null);
    if (first) {
      focusOn(`${prefix}-${first}`);
      return;
    }
    const { name, email, locale, working_hours, team } = draft;
    const { data, error } = await add({
      name,
      email,
      zone: draft.zone || zone,
      locale,
      working_hours,
      team: team === "" ? null : Number(team),
    });
    if (data) {
      drop();
      say({ words: t("done.added", { name: data.name }) });
      onAdded(data.id);
      return;
    }
    const refused = error as Problem;
    const field = fieldOf(refused, FIELDS);
    if (field) {
      setMistakes({ [field]: wordsOf(refused) });
      focusOn(`${prefix}-${field}`);
    } else {
      setProblem(refused);
    }
  }

  return (
    <Beside title={t("person.new")} onClose={onClose}>
      <form className={css.form} noValidate onSubmit={submit}>
        {problem && <ProblemNote problem={within(t("failed.save"), problem)} kept={t("ui:kept.typed")} />}
        <PersonFields
          typed={{ ...draft, zone: draft.zone || zone }}
          put={put}
          mistakes={mistakes}
          prefix={prefix}
          zoneHint={t("person.zoneNew")}
        />
        <Field id={`${prefix}-team`} label={t("person.home")} hint={t("person.homeHint")}>
          <Choice
            id={`${prefix}-team`}
            className={css.choice}
            value={draft.team}
            options={[["", t("noTeam")], ...options(teams)]}
            onChoose={(team) => put({ team })}
            described={{ "aria-describedby": `${prefix}-team-words` }}
          />
        </Field>
        <div className={css.actions}>
          <Button type="submit" variant="contained" color="primary" disabled={isLoading}>
            {t(isLoading ? "person.saving" : "person.addIt")}
          </Button>
          {begun && <Button onClick={drop}>{t("person.discard")}</Button>}
          {begun && <p className={css.note}>{t("person.draft")}</p>}
        </div>
      </form>
    </Beside>
  );
}
