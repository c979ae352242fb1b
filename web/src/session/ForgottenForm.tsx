import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { i18n, language } from "../i18n/i18n";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { recallEmail, rememberEmail } from "./email";
import { Frame } from "./Frame";
import { useAskForLinkMutation } from "./link";
import css from "./SignInPage.module.css";

/** Asks for a mail with a link for a new password. Whether anybody has the address is not said. */
export function ForgottenForm({ onBack }: { onBack: () => void }) {
  const { t } = useTranslation("session");
  const [email, setEmail] = useState(recallEmail);
  const [ask, { isLoading, isSuccess, error, originalArgs }] = useAskForLinkMutation();
  const id = useId();
  const problem = error as Problem | undefined;

  async function submit(event: FormEvent) {
    event.preventDefault();
    rememberEmail(email);
    await ask({ email, language: language() });
  }

  const back = (
    <div className={css.others}>
      <Button variant="text" onClick={onBack}>
        {t("forgotten.back")}
      </Button>
    </div>
  );
  if (isSuccess) {
    return (
      <Frame title={t("forgotten.sent")}>
        <div className={css.said} role="status">
          <Icon name="check" />
          <span>
            <b>{t("forgotten.look", { email: originalArgs?.email.trim() })}</b>
            {t("forgotten.sentWords")}
          </span>
        </div>
        {back}
      </Frame>
    );
  }
  return (
    <Frame title={t("forgotten.title")}>
      {problem && (
        <div className={css.problem} id={`${id}-problem`}>
          <ProblemNote problem={worded(problem)} />
        </div>
      )}
      <form onSubmit={submit}>
        <label className={css.label} htmlFor={id}>
          {t("email")}
        </label>
        <OutlinedInput
          id={id}
          className={css.input}
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          required
          fullWidth
          inputProps={{ maxLength: 200, "aria-describedby": problem ? `${id}-problem` : `${id}-words` }}
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <p className={css.hint} id={`${id}-words`}>
          {t("forgotten.words")}
        </p>
        <Button className={css.submit} type="submit" variant="contained" color="primary" fullWidth disabled={isLoading}>
          {t("forgotten.ask")}
        </Button>
      </form>
      {back}
    </Frame>
  );
}

function worded(problem: Problem): Problem {
  const { request_id, ...rest } = problem;
  if (problem.status === 429 && problem.retry_after_s) {
    const detail = i18n.t("session:forgotten.wait", { count: Math.ceil(problem.retry_after_s / 60) });
    return { ...rest, title: i18n.t("session:forgotten.tooMany"), detail };
  }
  return problem.code === "no_mail" ? rest : problem;
}
