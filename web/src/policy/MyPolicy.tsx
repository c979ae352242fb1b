import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import "../i18n/en/policy";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock, list } from "../ui/time";
import { type MyPolicy as Mine, type MyChange, type Policy, useAcknowledgeMutation, useMyPolicyQuery } from "./api";
import css from "./MyPolicy.module.css";
import { PolicyWords } from "./PolicyWords";
import { changesSaid } from "./said";

/** One's own policy in plain words, what waits to be acknowledged, and, with `history`, how it came about. */
export function MyPolicy({ history = false }: { history?: boolean }) {
  const { t } = useTranslation(["policy", "ui"]);
  const { data: mine, error, refetch } = useMyPolicyQuery(undefined, { refetchOnMountOrArgChange: true });
  return (
    <div className={css.mine}>
      {error && (
        <ProblemNote
          problem={error as Problem}
          kept={mine && t("ui:kept.shown")}
          action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {!mine && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
      {mine?.waiting && <Waits policy={mine.policy} waiting={mine.waiting} onStale={refetch} />}
      {mine && <PolicyWords policy={mine.policy} unavailable={mine.unavailable} />}
      {mine && history && <History history={mine.history} />}
    </div>
  );
}

interface WaitsProps {
  policy: Policy;
  waiting: NonNullable<Mine["waiting"]>;
  onStale: () => void;
}

function Waits({ policy, waiting, onStale }: WaitsProps) {
  const { t } = useTranslation(["policy", "ui"]);
  const [acknowledge, { isLoading, error }] = useAcknowledgeMutation();
  const { number, reason, widens } = waiting;
  return (
    <section className={css.waits} aria-label={t("waiting.title")}>
      <h3>
        <Icon name="ledger" size={16} /> {t("waiting.title")}
      </h3>
      {error && (
        <ProblemNote problem={error as Problem} action={<Button onClick={onStale}>{t("ui:tryAgain")}</Button>} />
      )}
      <p>
        <b>{t("waiting.adds", { fields: list(widens.map((field) => t(`wider.${field}`))) })}</b>
      </p>
      <ul aria-label={t("waiting.compare")}>
        {changesSaid(policy, waiting.policy).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {reason && (
        <p>
          {t("waiting.reason")} <bdi>{reason}</bdi>
        </p>
      )}
      <p>{t("waiting.words")}</p>
      <p className={css.go}>
        <Button variant="contained" color="primary" disabled={isLoading} onClick={() => acknowledge(number)}>
          {t("waiting.seen")}
        </Button>
        <span>{t("waiting.consent")}</span>
      </p>
    </section>
  );
}

function History({ history }: { history: MyChange[] }) {
  const { t } = useTranslation("policy");
  return (
    <section className={css.history}>
      <h3>{t("history.title")}</h3>
      {history.length === 0 && <p>{t("history.none")}</p>}
      <ul aria-label={t("history.title")}>
        {history.map((change) => (
          <li key={change.at}>
            <p className={css.head}>
              <b>{byOf(change)}</b>
              <time dateTime={change.at}>{dayAndClock(change.at)}</time>
            </p>
            {changesSaid(change.old, change.new).map((line) => (
              <p key={line}>{line}</p>
            ))}
            {change.reason && (
              <p className={css.reason}>
                <bdi>{change.reason}</bdi>
              </p>
            )}
            {change.acknowledged_at && <p>{t("history.acknowledged", { at: dayAndClock(change.acknowledged_at) })}</p>}
          </li>
        ))}
      </ul>
    </section>
  );

  function byOf({ by, scope }: MyChange): string {
    return scope ? t("history.by", { name: by ?? "–", scope: t(`history.scope.${scope}`) }) : t("history.moved");
  }
}
