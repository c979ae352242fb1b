import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "./clipboard";
import { Icon } from "./Icon";
import css from "./ProblemNote.module.css";

/** What went wrong, as the hub says it, with the number to quote. */
export interface ProblemText {
  status?: number | undefined;
  title: string;
  detail?: string | undefined;
  request_id?: string | undefined;
}

interface Props {
  problem: ProblemText;
  /** What is as it was in spite of it. */
  kept?: string | undefined;
  /** What to do. */
  action?: ReactNode;
}

/** What happened, what was kept, what to do, and the number of the request: every problem of the hub's is said by this. */
export function ProblemNote({ problem, kept, action }: Props) {
  const { t } = useTranslation();
  const { status = 0, title, detail, request_id } = problem;
  const words = [
    detail === title ? undefined : detail,
    kept,
    status === 500 && request_id ? t("again500") : undefined,
  ].filter(Boolean);
  return (
    <div className={css.note} role="alert">
      <Icon name="attention" className={css.icon} />
      <div className={css.words}>
        <b className={css.title}>{title}</b>
        {words.length > 0 && <p>{words.join(" ")}</p>}
        {request_id && <RequestId id={request_id} />}
      </div>
      {action && <div className={css.action}>{action}</div>}
    </div>
  );
}

/** A problem in the words of what it kept from being done; its own words follow. */
export function within(title: string, problem: ProblemText): ProblemText {
  return { ...problem, title, detail: [problem.title, problem.detail].filter(Boolean).join(" ") };
}

/** The number under which the hub's log has it. */
export function RequestId({ id }: { id: string }) {
  const { t } = useTranslation();
  const shown = useRef<HTMLSpanElement>(null);
  const { copied, copy } = useCopy();
  return (
    <p className={css.id}>
      <span ref={shown}>{t("request", { id })}</span>
      <button type="button" className={css.copy} aria-label={t("copyRequest")} onClick={() => copy(id, shown.current)}>
        <Icon name={copied ? "check" : "copy"} size={14} />
      </button>
      <span aria-live="polite">{copied && t("copied")}</span>
    </p>
  );
}
