import { useTranslation } from "react-i18next";
import css from "./Keys.module.css";

/** Keys as they stand on the keyboard: `g` then `l`. */
export function Keys({ keys }: { keys: string }) {
  const { t } = useTranslation("palette");
  return (
    <span className={css.keys}>
      {keys.split(" ").map((key, index) => (
        <span key={`${keys}/${key}`}>
          {index > 0 && <span className={css.then}>{t("shortcuts.then")} </span>}
          <kbd>{key.toUpperCase()}</kbd>
        </span>
      ))}
    </span>
  );
}
