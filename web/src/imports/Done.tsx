import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Icon } from "../ui/Icon";
import type { Preview } from "./api";
import css from "./Done.module.css";

type Result = NonNullable<Preview["result"]>;

/** What was done, all at once. */
export function Done({ result, onAnother }: { result: Result; onAnother: () => void }) {
  const { t } = useTranslation("imports");
  const { added, changed, left, left_out, teams } = result;
  const lines = [
    added > 0 && t("done.added", { count: added }),
    changed > 0 && t("done.changed", { count: changed }),
    teams > 0 && t("done.teams", { count: teams }),
    left > 0 && t("done.left", { count: left }),
    left_out > 0 && t("done.leftOut", { count: left_out }),
  ].filter((line) => line !== false);
  return (
    <section className={css.done} role="status">
      <Icon name="check" size={28} className={css.icon} />
      <h2 className={css.title}>{t("done.title", { count: added + changed })}</h2>
      <ul className={css.lines}>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <p className={css.words}>{t("done.audited")}</p>
      <div className={css.acts}>
        <Button variant="contained" color="primary" component={Link} to="/people">
          {t("done.people")}
        </Button>
        <Button onClick={onAnother}>{t("done.another")}</Button>
      </div>
    </section>
  );
}
