import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import css from "./Toolbar.module.css";

/** What floats is no part of the wall's first picture. */
const SavedViews = lazy(() => import("./SavedViews").then((module) => ({ default: module.SavedViews })));

/** Opens one's saved views. */
export function Views() {
  const { t } = useTranslation("live");
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <button
        type="button"
        className={css.tool}
        title={t("views.title")}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="bookmark" size={14} />
        <span>{t("views.title")}</span>
      </button>
      {anchor && (
        <Suspense>
          <SavedViews anchor={anchor} onClose={() => setAnchor(null)} />
        </Suspense>
      )}
    </>
  );
}
