import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import type { DisplayProps } from "./DisplayMenu";
import css from "./Toolbar.module.css";

const DisplayMenu = lazy(() => import("./DisplayMenu").then((module) => ({ default: module.DisplayMenu })));

/** Opens what a narrow toolbar has no room for. */
export function Display(props: Omit<DisplayProps, "anchor" | "onClose">) {
  const { t } = useTranslation("live");
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <button
        type="button"
        className={`${css.tool} ${css.narrow}`}
        title={t("display.title")}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="admin" size={14} />
        <span>{t("display.title")}</span>
      </button>
      {anchor && (
        <Suspense>
          <DisplayMenu {...props} anchor={anchor} onClose={() => setAnchor(null)} />
        </Suspense>
      )}
    </>
  );
}
