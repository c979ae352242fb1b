import { type ReactNode, useId } from "react";
import css from "./Section.module.css";

interface Props {
  title: string;
  words?: ReactNode;
  /** How it is with it. */
  state?: ReactNode;
  /** What can be done, at the end of the head. */
  action?: ReactNode;
  children?: ReactNode;
}

/** A sheet of the account page. */
export function Section({ title, words, state, action, children }: Props) {
  const id = useId();
  return (
    <section className={css.sheet} aria-labelledby={id}>
      <div className={css.head}>
        <div className={css.about}>
          <h2 id={id}>{title}</h2>
          {words && <p className={css.words}>{words}</p>}
          {state}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
