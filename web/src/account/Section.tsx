import { type ReactNode, useId } from "react";
import css from "./Section.module.css";

interface Props {
  title: string;
  words?: ReactNode;
  /** What can be done, at the end of the head. */
  action?: ReactNode;
  children?: ReactNode;
}

/** A sheet of the account page. */
export function Section({ title, words, action, children }: Props) {
  const id = useId();
  return (
    <section className={css.sheet} aria-labelledby={id}>
      <div className={css.head}>
        <div className={css.about}>
          <h2 id={id}>{title}</h2>
          {words && <p>{words}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
