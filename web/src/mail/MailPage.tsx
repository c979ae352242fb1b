import Button from "@mui/material/Button";
import { useId } from "react";
import { Trans, useTranslation } from "react-i18next";
import "../i18n/en/mail";
import type { Problem } from "../http/request";
import { Bar } from "../ui/Bar";
import { ProblemNote } from "../ui/ProblemNote";
import { type Outgoing, useMailQuery, useSendAgainMutation, useTryMailMutation } from "./api";
import { MailLine } from "./MailLine";
import css from "./MailPage.module.css";

const REFRESH_MS = 5_000;

/** How mail goes out, and what became of the latest; `email` is where a test goes. */
export function MailPage({ email }: { email: string }) {
  const { t } = useTranslation(["mail", "ui"]);
  const { data, error, refetch } = useMailQuery(undefined, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        {error && (
          <ProblemNote
            problem={error as Problem}
            kept={data && t("ui:kept.shown")}
            action={<Button onClick={() => refetch()}>{t("ui:tryAgain")}</Button>}
          />
        )}
        {!data && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
        {data && <Server server={data.server} sender={data.sender} email={email} />}
        {data && (data.server || data.mails.length > 0) && <Latest outgoing={data} />}
      </main>
    </>
  );
}

/** Which server takes mail, and whether it does; without one, what that means. */
function Server({ server, sender, email }: { server: string | null; sender: string; email: string }) {
  const { t } = useTranslation(["mail", "ui"]);
  const id = useId();
  const [test, { isLoading, isSuccess, error }] = useTryMailMutation();
  const problem = error as Problem | undefined;
  if (!server) {
    return (
      <section className={css.sheet} aria-labelledby={id}>
        <h2 id={id}>{t("none.title")}</h2>
        <p className={css.words}>{t("none.words")}</p>
        <p className={css.words}>
          <Trans ns="mail" i18nKey="none.how" components={{ code: <code dir="ltr" /> }} />
        </p>
      </section>
    );
  }
  return (
    <section className={css.sheet} aria-labelledby={id}>
      <h2 id={id}>{t("server.title")}</h2>
      <dl className={css.facts}>
        <dt>{t("server.host")}</dt>
        <dd dir="ltr">{server}</dd>
        <dt>{t("server.sender")}</dt>
        <dd dir="ltr">{sender}</dd>
      </dl>
      {problem && <ProblemNote problem={problem} />}
      <div className={css.try}>
        <Button disabled={isLoading} onClick={() => test()}>
          {t("test.go")}
        </Button>
        <span role="status">{t(isSuccess ? "test.underWay" : "test.words", { email })}</span>
      </div>
    </section>
  );
}

function Latest({ outgoing: { server, mails } }: { outgoing: Outgoing }) {
  const { t } = useTranslation(["mail", "ui"]);
  const id = useId();
  const [again, { isLoading, error }] = useSendAgainMutation();
  const problem = error as Problem | undefined;
  return (
    <section className={css.sheet} aria-labelledby={id}>
      <h2 id={id}>{t("latest.title")}</h2>
      <p className={css.words}>{t(mails.length > 0 ? "latest.words" : "latest.none")}</p>
      {problem && <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.unchanged") : undefined} />}
      {mails.length > 0 && (
        <ul className={css.list} aria-labelledby={id}>
          {mails.map((mail) => (
            <MailLine key={mail.id} mail={mail} busy={isLoading} onAgain={server ? () => again(mail.id) : undefined} />
          ))}
        </ul>
      )}
    </section>
  );
}
