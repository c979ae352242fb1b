import type { ReactNode } from "react";
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
        {problem.request_id && <p className={css.id}>Request {problem.request_id}</p>}
      </div>
      {action}
    </div>
  );
}
