import type { ReactNode } from "react";
import css from "./Empty.module.css";
import { Icon, type IconName } from "./Icon";

/** A page with nothing to show: why, and what to do next. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon: IconName;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <section className={css.empty} data-empty="">
      <Icon name={icon} size={28} className={css.icon} />
      <h2 className={css.title}>{title}</h2>
      <p className={css.words}>{children}</p>
      {action}
    </section>
  );
}
