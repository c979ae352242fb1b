import type { ReactNode } from "react";
import css from "./Section.module.css";

/** A part of what stands beside the list, under a heading of its own. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css.section}>
      <h3 className={css.title}>{title}</h3>
      {children}
    </section>
  );
}
