import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import "../i18n/en/policies";
import "../i18n/en/policy";
import "../i18n/en/papers";
import "../i18n/en/people";
import type { Problem } from "../http/request";
import { Papers } from "../papers/Papers";
import { Bar } from "../ui/Bar";
import { ProblemNote } from "../ui/ProblemNote";
import { everybody, type Policies, personPlace, teamPlace, usePoliciesQuery, useWhoisQuery } from "./api";
import { CeilingForm } from "./CeilingForm";
import { History } from "./History";
import { PlaceForm } from "./PlaceForm";
import form from "./PlaceForm.module.css";
import { Places } from "./Places";
import css from "./PoliciesPage.module.css";

interface Props {
  me: number;
  /** Who may change; others read. */
  admin: boolean;
  /** Who may sign a higher ceiling. */
  signs: boolean;
}

/** What is set for everybody, by team and for single people, the ceiling above it, and who changed what. Which of them is in the address. */
export function PoliciesPage(props: Props) {
  const { t } = useTranslation(["policies", "ui"]);
  const { data: policies, error, refetch } = usePoliciesQuery(undefined, { refetchOnMountOrArgChange: true });
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        {error && (
          <div className={css.problem}>
            <ProblemNote
              problem={error as Problem}
              kept={policies && t("ui:kept.shown")}
              action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>}
            />
          </div>
        )}
        {!policies && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
        {policies && (
          <>
            <Places policies={policies} admin={props.admin} />
            <Shown policies={policies} {...props} />
          </>
        )}
      </main>
    </>
  );
}

function Shown({ policies, me, admin, signs }: Props & { policies: Policies }) {
  const [params] = useSearchParams();
  const person = Number(params.get("person") ?? 0);
  const team = Number(params.get("team") ?? 0);
  const unset = admin && person > 0 && !policies.people.some(({ id }) => id === person);
  const { data: known } = useWhoisQuery(person, { skip: !unset });
  const { t } = useTranslation(["policies", "papers"]);
  const [saved, setSaved] = useState("");
  if (params.has("papers")) {
    return (
      <div className={form.form}>
        <h2 className={form.title}>{t("papers:title")}</h2>
        <p className={form.about}>{t("papers:words")}</p>
        <Papers />
      </div>
    );
  }
  if (params.has("ceiling")) {
    return <CeilingForm policies={policies} admin={admin} signs={signs} me={me} />;
  }
  if (params.has("history")) {
    return <History />;
  }
  const place = person
    ? personPlace(policies, person, known)
    : team
      ? teamPlace(policies, team)
      : everybody(policies, t("places.everybody"));
  if (!place) {
    return null;
  }
  const { scope, id, version } = place;
  return (
    <PlaceForm
      key={`${scope}${id}v${version}`}
      place={place}
      policies={policies}
      admin={admin}
      saved={saved === `${scope}${id}v${version}`}
      onSaved={(version) => setSaved(`${scope}${id}v${version}`)}
    />
  );
}
