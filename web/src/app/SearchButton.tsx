import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import css from "./SearchButton.module.css";

/** Opens the palette: a field at a desk, an icon on a phone. */
export function SearchButton({ onOpen, onNear }: { onOpen: () => void; onNear: () => void }) {
  const { t } = useTranslation("shell");
  return (
    <button
      type="button"
      className={css.search}
      aria-haspopup="dialog"
      aria-keyshortcuts="Control+K Meta+K"
      onClick={onOpen}
      onPointerEnter={onNear}
      onFocus={onNear}
    >
      <Icon name="search" size={14} className={css.icon} />
      <span className={css.words}>{t("search")}</span>
      <kbd className={css.keys} dir="ltr">
        {PALETTE_KEYS}
      </kbd>
    </button>
  );
}

/** As this computer's keyboard has it. */
export const PALETTE_KEYS = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K";
