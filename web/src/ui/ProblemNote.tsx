import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "./Icon";
import css from "./ProblemNote.module.css";

/** What went wrong, as the hub says it, with the number to quote. */
export interface ProblemText {
  title: string;
  detail?: string | undefined;
  request_id?: string | undefined;
}

export function ProblemNote({ problem, action }: { problem: ProblemText; action?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className={css.note} role="alert">
      <Icon name="attention" className={css.icon} />
      <div className={css.words}>
        <b className={css.title}>{problem.title}</b>
        {problem.detail && problem.detail !== problem.title && <p>{problem.detail}</p>}
        {problem.request_id && <p className={css.id}>{t("request", { id: problem.request_id })}</p>}
      </div>
      {action}
    </div>
  );
}
