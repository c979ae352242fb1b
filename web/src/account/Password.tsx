import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFactorsQuery } from "../factors/api";
import { wordedProblem } from "../factors/problem";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { useChangePasswordMutation } from "./api";
import css from "./Password.module.css";
import { Section } from "./Section";
import { State } from "./State";

const NOTHING = { current: "", password: "", again: "" };

/** Changes one's own password. Every other session ends with it. */
export function Password() {
  const { t } = useTranslation("account");
  const { data: factors } = useFactorsQuery();
  const [typed, setTyped] = useState(NOTHING);
  const [change, { isLoading, error, isSuccess, reset }] = useChangePasswordMutation();
  const ids = { current: useId(), password: useId(), again: useId() };
  const differ = typed.again !== "" && typed.again !== typed.password;
  const problem = error as Problem | undefined;
  const has = factors?.password ?? true;

  async function submit(event: FormEvent) {
    event.preventDefault();
    const { password, current } = typed;
    const { error: refused } = await change(has ? { password, current } : { password });
    setTyped(refused ? { ...typed, current: "" } : NOTHING);
  }

  const box = (name: keyof typeof NOTHING, autoComplete: string) => (
    <div className={css.field}>
      <label htmlFor={ids[name]}>{t(`password.${name}`)}</label>
      <OutlinedInput
        id={ids[name]}
        type="password"
        autoComplete={autoComplete}
        required
        fullWidth
        error={name === "again" && differ}
        inputProps={{
          maxLength: 200,
          ...(name === "again" && differ && { "aria-invalid": true, "aria-describedby": `${ids.again}-words` }),
        }}
        value={typed[name]}
        onChange={(event) => {
          reset();
          setTyped({ ...typed, [name]: event.target.value });
        }}
      />
      {name === "again" && differ && (
        <p className={css.error} id={`${ids.again}-words`}>
          {t("password.differ")}
        </p>
      )}
    </div>
  );

  return (
    <Section title={t("password.title")} words={t("password.words")}>
      <form className={css.form} onSubmit={submit}>
        {problem && <ProblemNote problem={wordedProblem(problem)} />}
        {has && box("current", "current-password")}
        {box("password", "new-password")}
        {box("again", "new-password")}
        <div className={css.end}>
          <Button
            type="submit"
            variant="contained"
            color="primary"
            disabled={isLoading || differ || typed.again === ""}
          >
            {t("password.go")}
          </Button>
          <div role="status">{isSuccess && <State is="good">{t("password.done")}</State>}</div>
        </div>
      </form>
    </Section>
  );
}
