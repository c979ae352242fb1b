import Button from "@mui/material/Button";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import { spoken } from "../forms/zones";
import type { Problem } from "../http/request";
import { LANGUAGES } from "../i18n/i18n";
import { ProblemNote, within } from "../ui/ProblemNote";
import type { Said } from "./acts";
import { type Profile, useChangePersonMutation } from "./api";
import css from "./Form.module.css";
import { FIELDS, type FieldName, type Mistakes, PersonFields, type Typed } from "./PersonFields";

interface Draft extends Partial<Typed> {
  /** The version that it was typed over. */
  over?: number;
}

const EMPTY: Draft = {};
const CONFLICT = 409;

/** Name, address, zone and language. What is typed is kept; what somebody else changes meanwhile is shown beside it. */
export function AboutForm({ person, me, say }: { person: Profile; me: number; say: (said: Said) => void }) {
  const { t } = useTranslation(["people", "ui"]);
  const prefix = useId();
  const { draft, put, drop } = useDraft<Draft>(`daylight-person-${me}-${person.id}`, EMPTY);
  const [change, { isLoading }] = useChangePersonMutation();
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [problem, setProblem] = useState<Problem | null>(null);

  const typed = { ...draftless(person), ...typedIn(draft) };
  const changed = FIELDS.filter((name) => typed[name] !== person[name]);
  const behind = changed.length > 0 && draft.over !== undefined && draft.over !== person.version;
  const theirs: Mistakes = behind
    ? Object.fromEntries(changed.map((name) => [name, t("person.theirs", { value: said(name) })]))
    : {};

  function said(name: FieldName): string {
    if (name === "locale") {
      return person.locale ? LANGUAGES[person.locale].name : t("person.nothing");
    }
    return name === "zone" ? spoken(person.zone) : person[name];
  }

  async function save(over: number) {
    const missing: Mistakes = {
      ...(typed.name.trim() === "" && { name: t("person.nameMissing") }),
      ...(typed.email.trim() === "" && { email: t("person.emailMissing") }),
    };
    const [first] = Object.keys(missing);
    setMistakes(missing);
    setProblem(null);
    if (first) {
      focusOn(`${prefix}-${first}`);
      return;
    }
    const { error } = await change({ id: person.id, form: { ...typed, version: over } });
    const refused = error as Problem | undefined;
    if (!refused) {
      drop();
      say({ words: t("done.saved") });
      return;
    }
    const field = fieldOf(refused, FIELDS);
    if (field) {
      setMistakes({ [field]: wordsOf(refused) });
      focusOn(`${prefix}-${field}`);
    } else if (refused.status !== CONFLICT) {
      setProblem(refused);
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (changed.length > 0 && !isLoading) {
      save(draft.over ?? person.version);
    }
  }

  return (
    <form className={css.form} noValidate onSubmit={submit}>
      {behind && <ProblemNote problem={{ title: t("conflict.title") }} kept={t("conflict.words")} />}
      {problem && <ProblemNote problem={within(t("failed.save"), problem)} kept={t("ui:kept.typed")} />}
      <PersonFields
        typed={typed}
        put={(next) => put({ ...next, over: draft.over ?? person.version })}
        mistakes={mistakes}
        theirs={theirs}
        prefix={prefix}
      />
      {changed.length > 0 && (
        <div className={css.actions}>
          {behind ? (
            <>
              <Button variant="contained" color="primary" disabled={isLoading} onClick={() => save(person.version)}>
                {t("conflict.mine")}
              </Button>
              <Button onClick={drop}>{t("conflict.theirs")}</Button>
            </>
          ) : (
            <>
              <Button type="submit" variant="contained" color="primary" disabled={isLoading}>
                {t(isLoading ? "person.saving" : "person.save")}
              </Button>
              <Button onClick={drop}>{t("person.discard")}</Button>
            </>
          )}
          <p className={css.note}>{t("person.draft")}</p>
        </div>
      )}
    </form>
  );
}

function draftless({ name, email, zone, locale }: Profile): Typed {
  return { name, email, zone, locale };
}

function typedIn({ over: _, ...typed }: Draft): Partial<Typed> {
  return typed;
}
