import { useTranslation } from "react-i18next";
import { LANGUAGES, language } from "../i18n/i18n";
import { Icon } from "./Icon";
import css from "./IconButton.module.css";
import { MenuButton } from "./MenuButton";
import { useLanguages } from "./useLanguages";

export function LanguageButton() {
  const { t } = useTranslation();
  const { choices, failed } = useLanguages();
  return (
    <MenuButton className={`${css.button} ${css.worded}`} groups={[{ key: "language", choices }]}>
      <Icon name="language" />
      <span className="sr">{t("language")}: </span>
      {LANGUAGES[language()].name}
      {failed && <span role="alert">{t("languageFailed")}</span>}
    </MenuButton>
  );
}
