import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/session";
import { useSaidOnReturn } from "../factors/signOn";
import type { Problem } from "../http/request";
import { i18n } from "../i18n/i18n";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import type { Kind } from "./api";
import { ForgottenForm } from "./ForgottenForm";
import { Frame } from "./Frame";
import { PasswordForm } from "./PasswordForm";
import { SecondStepForm } from "./SecondStepForm";
import css from "./SignInPage.module.css";
import { NotIn } from "./SignOn";

const KINDS: Kind[] = ["totp", "passkey", "recovery"];

/** Shown in place of any page, at that page's address, so that signing in leads back to the same view. */
export function SignInPage({ ended }: { ended: boolean }) {
  const { t } = useTranslation("session");
  const returned = useSaidOnReturn();
  const wanted = KINDS.filter((kind) => returned.second.includes(kind));
  const [second, setSecond] = useState<Kind[] | null>(wanted.length > 0 ? wanted : null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [forgotten, setForgotten] = useState(false);
  const said = returned.said === "connected" ? null : returned.said;
  const title = second ? t("second.title") : t("title");

  if (forgotten) {
    return <ForgottenForm onBack={() => setForgotten(false)} />;
  }

  function step(kinds: Kind[] | null) {
    setSecond(kinds);
    setProblem(null);
  }

  return (
    <Frame title={title}>
      {said && !problem && !second && <NotIn said={said} />}
      {ended && !said && !problem && !second && (
        <div className={css.said} role="status">
          <Icon name="key" />
          <span>
            <b>{t("ended")}</b>
            {t("endedWords")}
          </span>
        </div>
      )}
      {problem && (
        <div className={css.problem} id="sign-in-problem">
          <ProblemNote problem={worded(problem)} />
        </div>
      )}
      {second ? (
        <SecondStepForm
          kinds={second}
          problem={problem}
          onProblem={setProblem}
          onBack={(why) => {
            setSecond(null);
            setProblem(why);
          }}
        />
      ) : (
        <PasswordForm
          problem={problem}
          onProblem={setProblem}
          onSecondStep={step}
          onForgotten={() => setForgotten(true)}
        />
      )}
      <p className={css.note}>
        <Icon name="ledger" size={14} /> {t("audited")}
      </p>
    </Frame>
  );
}

function worded(problem: Problem): Problem {
  if (problem.status === 429 && problem.retry_after_s) {
    return { ...problem, detail: i18n.t("session:tooMany", { count: problem.retry_after_s }) };
  }
  const { request_id, ...rest } = problem;
  // A wrong password or code is nothing to report to an admin.
  if (problem.status === 400 && problem.field === "code") {
    return { ...rest, title: i18n.t("session:second.wrong"), detail: "" };
  }
  return problem.status === 401 ? { ...rest, title: i18n.t("session:wrong"), detail: "" } : problem;
}
