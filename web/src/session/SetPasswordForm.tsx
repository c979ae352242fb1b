import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { described, FieldWords } from "../forms/Field";
import { focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock } from "../ui/time";
import { type OpenLink, useUseLinkMutation } from "./link";
import css from "./SignInPage.module.css";

const MIN_CHARACTERS = 8;

interface Props {
  link: OpenLink;
  token: string;
  onDone: () => void;
  /** The link stopped working meanwhile. */
  onOver: () => void;
}

/** One box: who wants to see what they type has it shown, instead of typing it twice. */
export function SetPasswordForm({ link, token, onDone, onOver }: Props) {
  const { t } = useTranslation(["session", "ui"]);
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [short, setShort] = useState(false);
  const [use, { isLoading, error, reset }] = useUseLinkMutation();
  const ids = { email: useId(), password: useId() };
  const problem = error as Problem | undefined;
  const refused = problem?.status === 400 && problem.field === "password" ? wordsOf(problem) : null;
  const wrong = short ? t("set.short", { limit: MIN_CHARACTERS }) : refused;
  const words = { error: wrong, hint: t("set.hint") };

  async function submit(event: FormEvent) {
    event.preventDefault();
    if ([...password].length < MIN_CHARACTERS) {
      setShort(true);
      focusOn(ids.password);
      return;
    }
    const { error: failed } = await use({ token, password });
    if (!failed) {
      onDone();
    } else if ((failed as Problem).code === "link_over") {
      onOver();
    } else {
      focusOn(ids.password);
    }
  }

  return (
    <form onSubmit={submit} noValidate>
      {problem && !refused && (
        <div className={css.problem}>
          <ProblemNote problem={problem} kept={t("ui:kept.typed")} />
        </div>
      )}
      <label className={css.label} htmlFor={ids.email}>
        {t("email")}
      </label>
      <OutlinedInput
        id={ids.email}
        className={css.input}
        type="email"
        name="email"
        autoComplete="username"
        readOnly
        fullWidth
        value={link.email}
      />
      <label className={css.label} htmlFor={ids.password}>
        {t("set.password")}
      </label>
      <OutlinedInput
        id={ids.password}
        className={css.input}
        type={shown ? "text" : "password"}
        name="password"
        autoComplete="new-password"
        autoFocus
        fullWidth
        error={Boolean(wrong)}
        inputProps={{ maxLength: 200, spellCheck: false, autoCapitalize: "none", ...described(ids.password, words) }}
        value={password}
        endAdornment={
          <Button variant="text" onClick={() => setShown(!shown)} aria-pressed={shown}>
            {t(shown ? "set.hide" : "set.show")}
          </Button>
        }
        onChange={(event) => {
          setPassword(event.target.value);
          setShort(false);
          if (problem) {
            reset();
          }
        }}
      />
      <FieldWords id={ids.password} {...words} />
      <Button
        className={css.submit ?? ""}
        type="submit"
        variant="contained"
        color="primary"
        fullWidth
        disabled={isLoading}
      >
        {t("set.go")}
      </Button>
      <p className={css.hint}>
        {t("set.until", { time: dayAndClock(link.expires_at) })} {link.purpose === "reset" && t("set.ends")}
      </p>
    </form>
  );
}
