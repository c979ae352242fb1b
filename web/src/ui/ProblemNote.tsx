import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "./clipboard";
import { Icon } from "./Icon";
import css from "./ProblemNote.module.css";

/** What went wrong, as the hub says it, with the number to quote. */
export interface ProblemText {
  title: string;
  detail?: string | undefined;
  request_id?: string | undefined;
}

export function ProblemNote({ problem, action }: { problem: ProblemText; action?: ReactNode }) {
  return (
    <div className={css.note} role="alert">
      <Icon name="attention" className={css.icon} />
      <div className={css.words}>
        <b className={css.title}>{problem.title}</b>
        {problem.detail && problem.detail !== problem.title && <p>{problem.detail}</p>}
        {problem.request_id && <RequestId id={problem.request_id} />}
      </div>
      {action}
    </div>
  );
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
