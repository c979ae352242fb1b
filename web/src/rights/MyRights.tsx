import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/rights";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { day } from "../ui/time";
import { AskDialog } from "./AskDialog";
import { type Kind, type Request, useMyRightsQuery, useWithdrawRequestMutation } from "./api";
import css from "./Rights.module.css";
import { Said } from "./Said";
import { what } from "./what";

const KINDS: Kind[] = ["correct", "restrict", "erase"];

/** What I may ask for, what became of what I asked, and whether I am restricted or under a legal hold. */
export function MyRights({ me }: { me: number }) {
  const { t } = useTranslation(["rights", "ui"]);
  const { data, error, refetch } = useMyRightsQuery();
  const [asking, setAsking] = useState<Kind | null>(null);
  const open = (kind: Kind) => data?.requests.some((each) => each.kind === kind && each.state === "open");
  return (
    <>
      {error && (
        <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
      )}
      {data?.restricted_at && <p className={css.notice}>{t("mine.restricted", { day: day(data.restricted_at) })}</p>}
      {data?.held && (
        <Said className={css.notice} as={t("mine.held", { day: day(data.held.since_at) })} words={data.held.reason} />
      )}
      {data && data.requests.length > 0 && (
        <ul className={css.mine} aria-label={t("mine.list")}>
          {data.requests.map((each) => (
            <Mine key={each.id} request={each} />
          ))}
        </ul>
      )}
      <div className={css.asks}>
        {KINDS.map((kind) => (
          <Button key={kind} disabled={!data || open(kind)} onClick={() => setAsking(kind)}>
            {t(`ask.${kind}`)}
          </Button>
        ))}
      </div>
      {asking && <AskDialog key={asking} kind={asking} me={me} onClose={() => setAsking(null)} />}
    </>
  );
}

function Mine({ request }: { request: Request }) {
  const { id, kind, wrong, wanted, asked_at, due_on, state, answer, decided_at, extended_reason } = request;
  const { t } = useTranslation("rights");
  const [withdraw, { isLoading, error }] = useWithdrawRequestMutation();
  return (
    <li>
      <p>
        <b>{what(request, t)}</b> <span className={css.state}>{t(`state.${state}`)}</span>
      </p>
      {wrong && <Said as={t("said.wrong")} words={wrong} />}
      {wanted && <Said as={t(kind === "correct" ? "said.right" : "said.why")} words={wanted} />}
      {extended_reason && <Said as={t("extending.said")} words={extended_reason} />}
      {answer && <Said as={t("said.answer")} words={answer} />}
      <p className={css.facts}>
        {t("askedOn", { day: day(asked_at) })}
        {" · "}
        {state === "open"
          ? t("dueOn", { day: day(`${due_on}T12:00`) })
          : t("closedOn", { day: day(decided_at ?? asked_at) })}
      </p>
      {error && <ProblemNote problem={error as Problem} />}
      {state === "open" && (
        <Button
          disabled={isLoading}
          onClick={() => withdraw(id)}
          aria-label={t("withdrawOf", { what: what(request, t) })}
        >
          {t("withdraw")}
        </Button>
      )}
    </li>
  );
}
