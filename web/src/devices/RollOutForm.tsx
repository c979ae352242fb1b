import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import { described, Field } from "../forms/Field";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { type NewRollOut, useMakeRollOutMutation } from "./api";
import css from "./RollOutDialog.module.css";

const NAMES = ["label", "uses", "days", "email"] as const;
type Name = (typeof NAMES)[number];
type Draft = Record<Name, string>;
const EMPTY: Draft = { label: "", uses: "20", days: "7", email: "" };

/** What a new code is for, how many computers it serves, and for how long. What was begun is there again after a reload. */
export function RollOutForm({ onMade }: { onMade: (made: NewRollOut) => void }) {
  const { t } = useTranslation(["devices", "ui"]);
  const prefix = useId();
  const { draft, put, drop } = useDraft<Draft>("daylight-roll-out", EMPTY);
  const [make, { isLoading }] = useMakeRollOutMutation();
  const [wrong, setWrong] = useState<Partial<Record<Name, string>>>({});
  const [problem, setProblem] = useState<Problem | null>(null);

  function refuse(name: Name, words: string) {
    setWrong({ [name]: words });
    focusOn(`${prefix}-${name}`);
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    setWrong({});
    setProblem(null);
    if (draft.label.trim() === "") {
      refuse("label", t("rollOut.missing"));
      return;
    }
    const figures = { uses: Number(draft.uses), days: Number(draft.days) };
    const odd = (["uses", "days"] as const).find(
      (name) => !Number.isInteger(figures[name]) || draft[name].trim() === "",
    );
    if (odd) {
      refuse(odd, t("rollOut.whole"));
      return;
    }
    const { data, error } = await make({ ...draft, ...figures });
    if (data) {
      drop();
      onMade(data);
      return;
    }
    const refused = error as Problem;
    const field = fieldOf(refused, NAMES);
    if (field) {
      refuse(field, wordsOf(refused));
    } else {
      setProblem(refused);
    }
  }

  function box(name: Name, hint?: string, figures = false) {
    const id = `${prefix}-${name}`;
    return (
      <Field id={id} label={t(`rollOut.${name}`)} error={wrong[name]} hint={hint}>
        <OutlinedInput
          id={id}
          fullWidth
          autoComplete="off"
          error={Boolean(wrong[name])}
          value={draft[name]}
          inputProps={{ ...(figures && { inputMode: "numeric" }), ...described(id, { error: wrong[name], hint }) }}
          onChange={(event) => {
            put({ [name]: event.target.value });
            setWrong({});
          }}
        />
      </Field>
    );
  }

  return (
    <form className={css.form} noValidate onSubmit={submit}>
      <h3>{t("rollOut.new")}</h3>
      {problem && <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.typed") : undefined} />}
      {box("label", t("rollOut.labelHint"))}
      <div className={css.pair}>
        {box("uses", undefined, true)}
        {box("days", undefined, true)}
      </div>
      {box("email", t("rollOut.emailHint"))}
      <div>
        <Button type="submit" variant="contained" color="primary" disabled={isLoading}>
          {t("rollOut.make")}
        </Button>
      </div>
    </form>
  );
}
