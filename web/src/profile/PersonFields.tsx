import OutlinedInput from "@mui/material/OutlinedInput";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../forms/Choice";
import { described, Field } from "../forms/Field";
import css from "../forms/Form.module.css";
import type { Hours } from "../forms/hours";
import { ZoneBox } from "../forms/ZoneBox";
import { LANGUAGES } from "../i18n/i18n";
import type { Locale } from "./api";
import { HoursBox } from "./HoursBox";

export interface Typed {
  name: string;
  email: string;
  zone: string;
  locale: Locale | null;
  working_hours: Hours | null;
}

export const FIELDS = ["name", "email", "zone", "locale", "working_hours"] as const;
export type FieldName = (typeof FIELDS)[number];
export type Mistakes = Partial<Record<FieldName, string>>;

interface Props {
  typed: Typed;
  put: (change: Partial<Typed>) => void;
  mistakes: Mistakes;
  /** What is there now of what somebody else has changed meanwhile. */
  theirs?: Mistakes;
  /** Ids of the boxes begin with it. */
  prefix: string;
  /** Of oneself: the address is an admin's to change. */
  own?: boolean;
  zoneHint?: string | undefined;
}

export function PersonFields({ typed, put, mistakes, theirs = {}, prefix, own = false, zoneHint }: Props) {
  const { t } = useTranslation("people");
  const language = useId();
  const words = (name: FieldName) => ({ error: mistakes[name], hint: theirs[name] });
  const zone = { error: mistakes.zone, hint: theirs.zone ?? zoneHint ?? t("person.zoneHint") };
  const languages: [Locale | "", string][] = [
    ["", t("person.languageAny")],
    ...(Object.keys(LANGUAGES) as Locale[]).map((each): [Locale, string] => [each, LANGUAGES[each].name]),
  ];
  const box = (name: "name" | "email", type = "text") => (
    <Field
      id={`${prefix}-${name}`}
      label={t(own && name === "name" ? "person.ownName" : `person.${name}`)}
      {...words(name)}
    >
      <OutlinedInput
        id={`${prefix}-${name}`}
        type={type}
        fullWidth
        autoComplete="off"
        value={typed[name]}
        onChange={(event) => put({ [name]: event.target.value })}
        inputProps={{ ...described(`${prefix}-${name}`, words(name)), maxLength: 200, spellCheck: false }}
        error={mistakes[name] !== undefined}
      />
    </Field>
  );
  return (
    <>
      {box("name")}
      {!own && box("email", "email")}
      <Field id={`${prefix}-zone`} label={t("person.zone")} {...zone}>
        <ZoneBox
          id={`${prefix}-zone`}
          zone={typed.zone}
          onZone={(chosen) => put({ zone: chosen })}
          described={described(`${prefix}-zone`, zone)}
          none={t("person.zoneNone")}
        />
      </Field>
      <Field id={language} label={t("person.language")} {...words("locale")}>
        <Choice
          id={language}
          className={css.choice}
          value={typed.locale ?? ""}
          options={languages}
          onChoose={(chosen) => put({ locale: chosen === "" ? null : chosen })}
          described={described(language, words("locale"))}
        />
      </Field>
      <HoursBox
        id={`${prefix}-working_hours`}
        hours={typed.working_hours}
        onHours={(hours) => put({ working_hours: hours })}
        error={mistakes.working_hours}
        hint={theirs.working_hours ?? t("hours.hint")}
      />
    </>
  );
}
