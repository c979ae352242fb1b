import Button from "@mui/material/Button";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import css from "../forms/Form.module.css";
import { hoursSaid } from "../forms/hours";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import { spoken } from "../forms/zones";
import type { Problem } from "../http/request";
import { LANGUAGES } from "../i18n/i18n";
import { ProblemNote, within } from "../ui/ProblemNote";
import { dayAndClock } from "../ui/time";
import type { About, AboutForm as Form } from "./api";
import { FIELDS, type FieldName, type Mistakes, PersonFields, type Typed } from "./PersonFields";

interface Draft extends Partial<Typed> {
  /** The version that it was typed over. */
  over?: number;
}

const EMPTY: Draft = {};
const CONFLICT = 409;

interface Props {
  person: About;
  /** The key of what is typed and not saved yet. */
  kept: string;
  /** It is oneself: the address is an admin's to change. */
  own?: boolean;
  /** What the hub has against it, or nothing. */
  save: (form: Form) => Promise<Problem | null>;
  onSaved: () => void;
}

/** Name, address, zone, language and hours. What is typed is kept; what somebody else changes meanwhile is shown beside it. */
export function AboutForm({ person, kept, own = false, save: send, onSaved }: Props) {
  const { t } = useTranslation(["people", "ui"]);
  const prefix = useId();
  const { draft, put, drop } = useDraft<Draft>(kept, EMPTY);
  const [isLoading, setLoading] = useState(false);
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [problem, setProblem] = useState<Problem | null>(null);

  const typed = { ...draftless(person), ...typedIn(draft) };
  const changed = FIELDS.filter((name) => JSON.stringify(typed[name]) !== JSON.stringify(person[name]));
  const behind = changed.length > 0 && draft.over !== undefined && draft.over !== person.version;
  const theirs: Mistakes = behind
    ? Object.fromEntries(changed.map((name) => [name, t("person.theirs", { value: said(name) })]))
    : {};

  function said(name: FieldName): string {
    if (name === "locale") {
      return person.locale ? LANGUAGES[person.locale].name : t("person.nothing");
    }
    if (name === "working_hours") {
      return person.working_hours ? hoursSaid(person.working_hours) : t("person.nothing");
    }
    return name === "zone" ? spoken(person.zone) : person[name];
  }

  const [held, before] = person.zones;
  const coming = held?.since_at && Date.parse(held.since_at) > Date.now() ? held.since_at : null;
  const toCome =
    coming && before ? t("person.zoneToCome", { zone: spoken(before.zone), at: dayAndClock(coming) }) : undefined;

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
    setLoading(true);
    const refused = await send({ ...typed, version: over });
    setLoading(false);
    if (!refused) {
      drop();
      onSaved();
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
        own={own}
        zoneHint={toCome}
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

function draftless({ name, email, zone, locale, working_hours }: About): Typed {
  return { name, email, zone, locale, working_hours };
}

function typedIn({ over: _, ...typed }: Draft): Partial<Typed> {
  return typed;
}
