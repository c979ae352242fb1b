import { useTranslation } from "react-i18next";
import { Icon } from "./Icon";
import css from "./IconButton.module.css";
import { MenuButton } from "./MenuButton";
import { useTheming } from "./useTheming";

export function ThemeButton() {
  const { t } = useTranslation();
  return (
    <MenuButton className={css.button} label={t("theme.title")} groups={[{ key: "theme", choices: useTheming() }]}>
      <Icon name="sun" />
    </MenuButton>
  );
}
