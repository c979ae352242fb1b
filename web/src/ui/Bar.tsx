import { createContext, type ReactNode, useContext, useEffect } from "react";
import css from "./Bar.module.css";

/** What stands at the end of every page's bar (organisation, theme, account); the shell puts it there. */
export const BarEnd = createContext<ReactNode>(null);

/** The bar of a page: its title, what the page adds, and what every page has. */
export function Bar({ title, children }: { title: string; children?: ReactNode }) {
  const end = useContext(BarEnd);
  useEffect(() => {
    document.title = `${title} · Daylight`;
  }, [title]);
  return (
    <header className={css.bar}>
      <h1 className={css.title}>{title}</h1>
      {children}
      <span className={css.grow} />
      {end}
    </header>
  );
}
