import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import { described, Field } from "../forms/Field";
import { focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import form from "../tokens/Boxes.module.css";
import { ScopeBoxes } from "../tokens/ScopeBoxes";
import { Secret } from "../tokens/Secret";
import type { Scope } from "../tokens/scopes";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import own from "./TokenDialog.module.css";
import { useMakeTokenMutation } from "./tokensApi";

const DAYS = [7, 30, 90, 365];

const EMPTY: { name: string; scopes: Scope[]; days: number } = {
  name: "",
  scopes: ["teams:read", "people:read"],
  days: 30,
};

/** Makes a token, then shows it this once. One that was begun is there again after a reload. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["tokens", "ui"]);
  const { draft, put, drop } = useDraft("daylight-token-new", EMPTY);
  const { name, scopes, days } = draft;
  const [wrong, setWrong] = useState<{ name?: string; scopes?: string }>({});
  const [make, { data: made, isLoading, error }] = useMakeTokenMutation();
  const problem = error as Problem | undefined;
  const ids = { title: useId(), name: useId(), scopes: useId(), days: useId() };
  const nameError = wrong.name ?? (problem?.field === "name" ? wordsOf(problem) : undefined);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const missing = name.trim() === "" ? "name" : scopes.length === 0 ? "scopes" : null;
    if (missing) {
      setWrong({ [missing]: t(`form.missing.${missing}`) });
      focusOn(ids[missing]);
      return;
    }
    if (!(await make(draft)).error) {
      drop();
    }
  }

  return (
    <Dialog open {...(!made && { onClose })} aria-labelledby={ids.title} fullWidth maxWidth="sm">
      <form className={form.form} onSubmit={submit} noValidate>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {t(made ? "shown.title" : "form.title")}
        </DialogTitle>
        <DialogContent className={form.content ?? ""}>
          {made ? (
            <>
              <p>{t("shown.words")}</p>
              <Secret name={made.token.name} text={made.secret} />
            </>
          ) : (
            <>
              {problem && problem.field !== "name" && (
                <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.unchanged") : undefined} />
              )}
              <Field id={ids.name} label={t("form.name")} error={nameError} hint={t("form.nameHint")}>
                <OutlinedInput
                  id={ids.name}
                  fullWidth
                  autoFocus
                  autoComplete="off"
                  error={Boolean(nameError)}
                  inputProps={{ maxLength: 80, ...described(ids.name, { error: nameError, hint: true }) }}
                  value={name}
                  onChange={(event) => {
                    setWrong({});
                    put({ name: event.target.value });
                  }}
                />
              </Field>
              <ScopeBoxes
                id={ids.scopes}
                chosen={scopes}
                error={wrong.scopes ?? null}
                onChoose={(next) => {
                  setWrong({});
                  put({ scopes: next });
                }}
              />
              <Field id={ids.days} label={t("form.days")}>
                <select
                  id={ids.days}
                  className={own.days}
                  value={days}
                  onChange={(event) => put({ days: Number(event.target.value) })}
                >
                  {DAYS.map((count) => (
                    <option key={count} value={count}>
                      {t("form.ofDays", { count })}
                    </option>
                  ))}
                </select>
              </Field>
            </>
          )}
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          {made ? (
            <Button onClick={onClose}>{t("ui:done")}</Button>
          ) : (
            <>
              <Button onClick={onClose}>{t("ui:cancel")}</Button>
              <Button type="submit" variant="contained" color="primary" disabled={isLoading}>
                {t("make")}
              </Button>
            </>
          )}
        </DialogActions>
      </form>
    </Dialog>
  );
}
