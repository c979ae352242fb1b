import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { described, Field as Labelled } from "../forms/Field";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { FIELDS } from "../policy/api";
import { ProblemNote } from "../ui/ProblemNote";
import {
  type Field,
  type Place,
  type Settings,
  useChangePolicyMutation,
  useDifferenceQuery,
  usePoliciesQuery,
} from "./api";
import css from "./ChangePanel.module.css";
import { Effect, LastWeek } from "./Effect";
import { inherits, saidAs } from "./said";

interface Props {
  place: Place;
  draft: { settings: Settings; reason: string };
  changed: Field[];
  onReason: (reason: string) => void;
  /** What is there was saved a moment ago. */
  saved: boolean;
  /** It is saved, as this version, or not wanted any more. */
  onDone: (saved?: number) => void;
}

/** What a change would do, to how many; then why, and the button that saves it. */
export function ChangePanel({ place, draft, changed, onReason, saved, onDone }: Props) {
  const { t } = useTranslation(["policies", "policy", "ui"]);
  const { settings, reason } = draft;
  const { scope, id, version } = place;
  const nothing = changed.length === 0;
  const wanted = { scope, place: id, policy: settings };
  const { currentData: difference, error } = useDifferenceQuery(wanted, { skip: nothing });
  const { refetch } = usePoliciesQuery();
  const [save, { isLoading }] = useChangePolicyMutation();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [missing, setMissing] = useState<string | null>(null);
  const box = useId();

  if (nothing) {
    const state = saved ? "saved" : "none";
    return (
      <aside className={css.panel} aria-label={t(`difference.${state}`)}>
        <div role="status">
          <h3 className={css.title}>{t(`difference.${state}`)}</h3>
          <p className={css.words}>{t(`difference.${state}Words`)}</p>
        </div>
      </aside>
    );
  }

  async function submit() {
    setProblem(null);
    if (!reason.trim()) {
      setMissing(t("difference.missing"));
      focusOn(box);
      return;
    }
    const done = await save({ ...wanted, version, reason });
    if (done.data) {
      onDone(done.data.version);
      return;
    }
    const refused = done.error as Problem;
    if (fieldOf(refused, ["reason"])) {
      setMissing(wordsOf(refused));
      focusOn(box);
    } else {
      setProblem(refused);
    }
  }

  const title = t("difference.title", { count: changed.length });
  const refused = problem ?? (error as Problem | undefined);
  return (
    <aside className={css.panel} aria-label={title}>
      <h3 className={css.title}>{title}</h3>
      {!difference && !error && (
        <p className={css.words} role="status">
          {t("difference.counting")}
        </p>
      )}
      {difference && <Effect difference={difference} />}
      <ul className={css.changes}>
        {FIELDS.filter((field) => changed.includes(field)).map((field) => (
          <li key={field}>
            <b>{t(`policy:field.${field}`)}</b>
            <span>{t("difference.was")}</span>
            <del>{saidAs(field, place.settings[field] ?? place.above[field])}</del>
            <span>{t("difference.now")}</span>
            <ins>
              {settings[field] === undefined ? inherits(place, field, settings) : saidAs(field, settings[field])}
            </ins>
          </li>
        ))}
      </ul>
      {difference && <LastWeek difference={difference} />}
      {refused && (
        <ProblemNote
          problem={refused}
          kept={refused.status ? t("ui:kept.unchanged") : undefined}
          action={refused.status === 409 && <Button onClick={refetch}>{t("difference.fresh")}</Button>}
        />
      )}
      <Labelled id={box} label={t("difference.reason")} error={missing}>
        <OutlinedInput
          id={box}
          fullWidth
          multiline
          minRows={2}
          maxRows={6}
          error={missing !== null}
          inputProps={{ maxLength: 500, ...described(box, { error: missing }) }}
          value={reason}
          onChange={(event) => {
            setMissing(null);
            onReason(event.target.value);
          }}
        />
      </Labelled>
      <p className={css.acts}>
        <Button variant="contained" color="primary" disabled={isLoading || !difference} onClick={submit}>
          {difference ? t("difference.save", { count: difference.people }) : t("difference.go")}
        </Button>
        <Button onClick={() => onDone()}>{t("difference.discard")}</Button>
      </p>
      <p className={css.words}>{t("difference.audit")}</p>
    </aside>
  );
}
