import { i18n } from "../i18n/i18n";
import css from "./What.module.css";
import type { Row } from "./wall";

/**
 * The app or site in front: a click on it, or A with the focus on its person, leaves only those who use it (`useAppFilter`). It stands within
 * what is drawn anew with the language, and has no hook of its own: there are as many as there are people.
 */
export function What({ what, app }: Pick<Row, "what" | "app">) {
  return app ? (
    <span className={css.app} data-app={what} title={i18n.t("live:filter.only", { what })}>
      {what}
    </span>
  ) : (
    what
  );
}
