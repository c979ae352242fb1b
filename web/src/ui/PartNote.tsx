import { useTranslation } from "react-i18next";
import { Icon } from "./Icon";
import css from "./PartNote.module.css";

/** A menu, a dialog or the palette could not be loaded: the page stays, and a reload helps. */
export function PartNote({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <div className={css.note} role="alert">
      <Icon name="attention" className={css.icon} />
      <p>{t("part.words")}</p>
      <button type="button" className={css.act} onClick={() => location.reload()}>
        {t("part.reload")}
      </button>
      <button type="button" className={css.close} aria-label={t("close")} onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}
