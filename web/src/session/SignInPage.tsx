import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/session";
import type { Problem } from "../http/request";
import { i18n } from "../i18n/i18n";
import { Icon } from "../ui/Icon";
import { LanguageButton } from "../ui/LanguageButton";
import { Mark } from "../ui/Mark";
import { ProblemNote } from "../ui/ProblemNote";
import { ThemeButton } from "../ui/ThemeButton";
import { useSignInMutation } from "./api";
import { DayPicture } from "./DayPicture";
import { recallEmail, rememberEmail } from "./email";
import css from "./SignInPage.module.css";

/** Shown in place of any page, at that page's address, so that signing in leads back to the same view. */
export function SignInPage({ ended }: { ended: boolean }) {
  const { t } = useTranslation("session");
  const [email, setEmail] = useState(recallEmail);
  const [password, setPassword] = useState("");
  const [signIn, { isLoading, error }] = useSignInMutation();
  const ids = { email: useId(), password: useId(), problem: useId() };
  const passwordBox = useRef<HTMLInputElement>(null);
  const problem = error as Problem | undefined;

  useEffect(() => {
    document.title = `${t("title")} · Daylight`;
  }, [t]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    rememberEmail(email);
    const { error: refused } = await signIn({ email, password });
    if (refused) {
      setPassword("");
      passwordBox.current?.focus();
    }
  }

  return (
    <div className={css.page}>
      <main className={css.form}>
        <div>
          <p className={css.brand}>
            <Mark /> Daylight
          </p>
          <h1 className={css.title}>{t("title")}</h1>
          <p className={css.host}>{location.host}</p>
          {ended && !problem && (
            <div className={css.said} role="status">
              <Icon name="key" />
              <span>
                <b>{t("ended")}</b>
                {t("endedWords")}
              </span>
            </div>
          )}
          {problem && (
            <div className={css.problem} id={ids.problem}>
              <ProblemNote problem={worded(problem)} />
            </div>
          )}
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
              inputProps={problem ? { "aria-describedby": ids.problem } : {}}
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
            <Button
              className={css.submit}
              type="submit"
              variant="contained"
              color="primary"
              fullWidth
              disabled={isLoading}
            >
              {isLoading ? t("signingIn") : t("signIn")}
            </Button>
          </form>
          <p className={css.note}>
            <Icon name="ledger" size={14} /> {t("audited")}
          </p>
        </div>
        <footer className={css.foot}>
          <ThemeButton />
          <LanguageButton />
        </footer>
      </main>
      <aside className={css.side} aria-label={t("about")}>
        <h2 className={css.claim}>{t("claim")}</h2>
        <DayPicture />
        <dl className={css.facts}>
          <div>
            <dt>{t("facts.collected")}</dt>
            <dd>{t("facts.collectedWords")}</dd>
          </div>
          <div>
            <dt>{t("facts.looking")}</dt>
            <dd>{t("facts.lookingWords")}</dd>
          </div>
          <div>
            <dt>{t("facts.private")}</dt>
            <dd>{t("facts.privateWords")}</dd>
          </div>
        </dl>
      </aside>
    </div>
  );
}

function worded(problem: Problem): Problem {
  if (problem.status === 429 && problem.retry_after_s) {
    return { ...problem, detail: i18n.t("session:tooMany", { count: problem.retry_after_s }) };
  }
  const { request_id, ...rest } = problem;
  // A wrong password is nothing to report to an admin.
  return problem.status === 401 ? { ...rest, title: i18n.t("session:wrong"), detail: "" } : problem;
}
