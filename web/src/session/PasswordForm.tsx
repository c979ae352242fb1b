import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { type Kind, useSignInMutation } from "./api";
import { recallEmail, rememberEmail } from "./email";
import { PasskeySignIn } from "./PasskeySignIn";
import css from "./SignInPage.module.css";
import { SignOn } from "./SignOn";

interface Props {
  problem: Problem | null;
  onProblem: (problem: Problem | null) => void;
  onSecondStep: (kinds: Kind[]) => void;
  onForgotten: () => void;
}

/** The first step: address and password. */
export function PasswordForm({ problem, onProblem, onSecondStep, onForgotten }: Props) {
  const { t } = useTranslation("session");
  const [email, setEmail] = useState(recallEmail);
  const [password, setPassword] = useState("");
  const [signIn, { isLoading }] = useSignInMutation();
  const ids = { email: useId(), password: useId() };
  const passwordBox = useRef<HTMLInputElement>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    rememberEmail(email);
    const { data, error } = await signIn({ email, password });
    if (data && "second_step" in data) {
      onSecondStep(data.second_step);
    }
    if (error) {
      onProblem(error as Problem);
      setPassword("");
      passwordBox.current?.focus();
    }
  }

  return (
    <form onSubmit={submit}>
      <label className={css.label} htmlFor={ids.email}>
        {t("email")}
      </label>
      <OutlinedInput
        id={ids.email}
        className={css.input}
        type="email"
        name="email"
        autoComplete="username"
        autoFocus={!email}
        required
        fullWidth
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <label className={css.label} htmlFor={ids.password}>
        {t("password")}
      </label>
      <OutlinedInput
        id={ids.password}
        className={css.input}
        inputRef={passwordBox}
        type="password"
        name="password"
        autoComplete="current-password"
        autoFocus={Boolean(email)}
        required
        fullWidth
        inputProps={problem ? { "aria-describedby": "sign-in-problem" } : {}}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Button className={css.submit} type="submit" variant="contained" color="primary" fullWidth disabled={isLoading}>
        {isLoading ? t("signingIn") : t("signIn")}
      </Button>
      <PasskeySignIn onProblem={onProblem} />
      <SignOn onProblem={onProblem} />
      <div className={css.others}>
        <Button
          variant="text"
          onClick={() => {
            rememberEmail(email);
            onForgotten();
          }}
        >
          {t("forgotten.open")}
        </Button>
      </div>
    </form>
  );
}
