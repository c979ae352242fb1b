import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { Mark } from "../ui/Mark";
import { ProblemNote } from "../ui/ProblemNote";
import { ThemeButton } from "../ui/ThemeButton";
import { useSignInMutation } from "./api";
import { DayPicture } from "./DayPicture";
import { recallEmail, rememberEmail } from "./email";
import css from "./SignInPage.module.css";

/** Shown in place of any page, at that page's address, so that signing in leads back to the same view. */
export function SignInPage({ ended }: { ended: boolean }) {
  const [email, setEmail] = useState(recallEmail);
  const [password, setPassword] = useState("");
  const [signIn, { isLoading, error }] = useSignInMutation();
  const ids = { email: useId(), password: useId(), problem: useId() };
  const passwordBox = useRef<HTMLInputElement>(null);
  const problem = error as Problem | undefined;

  useEffect(() => {
    document.title = "Sign in · Daylight";
  }, []);

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
          <h1 className={css.title}>Sign in</h1>
          <p className={css.host}>{location.host}</p>
          {ended && !problem && (
            <div className={css.said} role="status">
              <Icon name="key" />
              <span>
                <b>You were signed out</b>
                The session ended here or elsewhere. Sign in, and this page opens again as it was.
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
              Work e-mail
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
              Password
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
              {isLoading ? "Signing in…" : "Sign in"}
            </Button>
          </form>
          <p className={css.note}>
            <Icon name="ledger" size={14} /> Signing in is written to the audit.
          </p>
        </div>
        <footer className={css.foot}>
          <ThemeButton />
        </footer>
      </main>
      <aside className={css.side} aria-label="About Daylight">
        <h2 className={css.claim}>Nothing is hidden from the people it watches.</h2>
        <DayPicture />
        <dl className={css.facts}>
          <div>
            <dt>State and app, no more</dt>
            <dd>Unless a policy says otherwise: no titles, no screenshots, and never what is typed.</dd>
          </div>
          <div>
            <dt>Looking is recorded</dt>
            <dd>Who watched which team, and when, is written down.</dd>
          </div>
          <div>
            <dt>Private stays there</dt>
            <dd>What policy forbids never leaves the computer.</dd>
          </div>
        </dl>
      </aside>
    </div>
  );
}

function worded(problem: Problem): Problem {
  if (problem.status === 429 && problem.retry_after_s) {
    return { ...problem, detail: `Too many tries. Try again in ${problem.retry_after_s} seconds.` };
  }
  const { request_id, ...rest } = problem;
  return problem.status === 401 ? rest : problem; // A wrong password is nothing to report to an admin.
}
