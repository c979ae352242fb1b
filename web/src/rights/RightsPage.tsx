import Button from "@mui/material/Button";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import "../i18n/en/rights";
import type { Problem } from "../http/request";
import { Bar } from "../ui/Bar";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import { Toggles } from "../ui/Toggles";
import { day, number } from "../ui/time";
import { AnswerDialog } from "./AnswerDialog";
import { type Act, type Asked, type Standing, useEverybodysRightsQuery } from "./api";
import { ExtendDialog } from "./ExtendDialog";
import { ReasonDialog } from "./ReasonDialog";
import css from "./Rights.module.css";
import { Said } from "./Said";
import { daysOf, what } from "./what";

type Open = { request: Asked; accept: boolean } | { extended: Asked } | { act: Act; who: Standing };

/** What people ask about their data, by the last day for an answer; and who is restricted or under a legal hold. */
export function RightsPage({ me }: { me: number }) {
  const { t } = useTranslation(["rights", "ui"]);
  const [params, setParams] = useSearchParams();
  const closed = params.get("show") === "closed";
  const { currentData: data, error, refetch } = useEverybodysRightsQuery(closed);
  const [open, setOpen] = useState<Open | null>(null);
  const [done, setDone] = useState("");
  const close = () => setOpen(null);
  const show = (open: Open) => {
    setDone("");
    setOpen(open);
  };
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        <div className={css.head}>
          <p>{t("words")}</p>
          <Toggles
            label={t("which")}
            value={closed ? "closed" : "open"}
            options={[
              {
                value: "open",
                word: t("show.open"),
                figure: data ? number(data.open) : null,
                alert: (data?.overdue ?? 0) > 0,
              },
              { value: "closed", word: t("show.closed"), figure: data ? number(data.closed) : null },
            ]}
            onChoose={(value) => setParams(value === "closed" ? { show: "closed" } : {}, { replace: true })}
          />
        </div>
        {error && (
          <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
        )}
        {!data && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
        <p className={css.done} role="status">
          {done}
        </p>
        {data && data.overdue > 0 && !closed && (
          <p className={css.overdue} role="status">
            {t("overdue", { count: data.overdue })}
          </p>
        )}
        {data?.requests.length === 0 && (
          <Empty icon="check" title={t(closed ? "empty.closed" : "empty.open")}>
            {t("empty.words")}
          </Empty>
        )}
        {data && data.requests.length > 0 && (
          <ul className={css.sheet} aria-label={t("title")}>
            {data.requests.map((request) => (
              <Line
                key={request.id}
                request={request}
                own={request.person === me}
                onAnswer={(accept) => show({ request, accept })}
                onExtend={() => show({ extended: request })}
              />
            ))}
          </ul>
        )}
        {data && data.requests.length < (closed ? data.closed : data.open) && data.requests.length > 0 && (
          <p className={css.facts}>{t(closed ? "more.closed" : "more.open", { count: data.requests.length })}</p>
        )}
        {data && data.restricted.length > 0 && (
          <Standings
            title={t("restricted")}
            go={t("unrestrict.go")}
            who={data.restricted}
            me={me}
            onLift={(who) => show({ act: "restriction/lift", who })}
          />
        )}
        {data && data.held.length > 0 && (
          <Standings
            title={t("held")}
            go={t("unhold.go")}
            who={data.held}
            me={me}
            onLift={(who) => show({ act: "hold/lift", who })}
          />
        )}
      </main>
      {open && "request" in open && (
        <AnswerDialog {...open} onDone={() => setDone(answered(open.request, open.accept, t))} onClose={close} />
      )}
      {open && "extended" in open && (
        <ExtendDialog
          request={open.extended}
          onDone={(until) => setDone(t("done.extended", { name: open.extended.name, day: day(`${until}T12:00`) }))}
          onClose={close}
        />
      )}
      {open && "act" in open && (
        <ReasonDialog
          act={open.act}
          {...open.who}
          onDone={() => setDone(t(`done.${open.act}`, { name: open.who.name }))}
          onClose={close}
        />
      )}
    </>
  );
}

/** What an answer has done. */
function answered(request: Asked, accept: boolean, t: TFunction<["rights", "ui"]>): string {
  const { name, kind } = request;
  const days = daysOf(request);
  return accept && days ? t("done.eraseDays", { name, days }) : t(accept ? `done.${kind}` : "done.declined", { name });
}

interface LineProps {
  request: Asked;
  /** Of whoever looks: another admin answers it. */
  own: boolean;
  onAnswer: (accept: boolean) => void;
  onExtend: () => void;
}

function Line({ request, own, onAnswer, onExtend }: LineProps) {
  const { t } = useTranslation("rights");
  const { person, name, kind, wrong, wanted, asked_at, due_on, state, answer, decided_at, overdue, extended_reason } =
    request;
  return (
    <li className={css.line} data-overdue={overdue || undefined}>
      <div className={css.what}>
        <Link to={`/people?person=${person}`}>{name}</Link> <b>{what(request, t)}</b>
        {wrong && <Said as={t("said.wrong")} words={wrong} />}
        {wanted && <Said as={t(kind === "correct" ? "said.right" : "said.why")} words={wanted} />}
        {extended_reason && <Said as={t("extending.said")} words={extended_reason} />}
        {answer && <Said as={t("said.answer")} words={answer} />}
        <p className={css.facts}>
          {t("askedOn", { day: day(asked_at) })}
          {" · "}
          <span className={overdue ? css.late : undefined}>
            {state === "open"
              ? t(overdue ? "wasDueOn" : "dueOn", { day: day(`${due_on}T12:00`) })
              : `${t(`state.${state}`)}, ${day(decided_at ?? asked_at)}`}
          </span>
        </p>
      </div>
      {state === "open" && own && <p className={css.facts}>{t("own")}</p>}
      {state === "open" && !own && (
        <div className={css.acts}>
          <Button onClick={() => onAnswer(true)} aria-label={t("acceptOf", { name })}>
            {t("accept")}
          </Button>
          <Button onClick={() => onAnswer(false)} aria-label={t("declineOf", { name })}>
            {t("decline")}
          </Button>
          {!overdue && !extended_reason && (
            <Button onClick={onExtend} aria-label={t("extending.of", { name })}>
              {t("extending.go")}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}

function Standings({
  title,
  go,
  who,
  me,
  onLift,
}: {
  title: string;
  go: string;
  who: Standing[];
  me: number;
  onLift: (who: Standing) => void;
}) {
  const { t } = useTranslation("rights");
  return (
    <section className={css.standing}>
      <h2>{title}</h2>
      <ul className={css.sheet} aria-label={title}>
        {who.map((each) => (
          <li key={each.person} className={css.line}>
            <div className={css.what}>
              <Link to={`/people?person=${each.person}`}>{each.name}</Link>
              {each.reason && <p dir="auto">{each.reason}</p>}
              <p className={css.facts}>{t("since", { day: day(each.since_at) })}</p>
            </div>
            {each.person !== me && (
              <div className={css.acts}>
                <Button onClick={() => onLift(each)} aria-label={`${go}: ${each.name}`}>
                  {go}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
