import Button from "@mui/material/Button";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/session";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { rememberEmail } from "./email";
import { Frame } from "./Frame";
import { dropToken, takeToken, useLinkQuery } from "./link";
import { SetPasswordForm } from "./SetPasswordForm";
import css from "./SignInPage.module.css";

/** Where the link of an invitation or of a forgotten password leads, whoever is signed in in this browser. */
export function SetPasswordPage() {
  const { t } = useTranslation(["session", "ui"]);
  const [token, setToken] = useState(takeToken);
  const [done, setDone] = useState(false);
  const { data: link, error, isFetching, refetch } = useLinkQuery(token, { skip: !token || done });
  const problem = error as Problem | undefined;
  const over = !token || problem?.status === 400;

  // Another link that is opened in this tab changes nothing but what stands behind the `#`.
  useEffect(() => {
    const another = () => setToken(takeToken());
    addEventListener("hashchange", another);
    return () => removeEventListener("hashchange", another);
  }, []);
  useEffect(() => {
    if (over) {
      dropToken();
    }
  }, [over]);

  // The whole application anew: who was signed in here is not any more.
  const signIn = (
    <Button className={css.submit ?? ""} variant="contained" color="primary" fullWidth href="/">
      {t("set.signIn")}
    </Button>
  );
  if (done) {
    return (
      <Frame title={t("set.done")}>
        <div className={css.said} role="status">
          <Icon name="check" />
          <span>{t("set.doneWords")}</span>
        </div>
        {signIn}
      </Frame>
    );
  }
  if (over) {
    return (
      <Frame title={t("set.over")}>
        <div className={css.said} role="alert">
          <Icon name="attention" />
          <span>
            <b>{t("set.overWhy")}</b>
            {t("set.overWhat")}
          </span>
        </div>
        {signIn}
      </Frame>
    );
  }
  return (
    <Frame title={t(link?.purpose === "invitation" ? "set.welcome" : "set.title", { name: link?.name })}>
      {problem && (
        <div className={css.problem}>
          <ProblemNote
            problem={problem}
            kept={t("set.kept")}
            action={
              <Button onClick={refetch} disabled={isFetching}>
                {t("ui:tryAgain")}
              </Button>
            }
          />
        </div>
      )}
      {link && (
        <SetPasswordForm
          link={link}
          token={token}
          onDone={() => {
            dropToken();
            rememberEmail(link.email);
            setDone(true);
          }}
          onOver={refetch}
        />
      )}
      {!link && !problem && <div className={css.skeleton} role="status" aria-label={t("set.loading")} />}
    </Frame>
  );
}
