import { useTranslation } from "react-i18next";
import css from "./Rights.module.css";

/** What an erasure takes, and what is left. */
export function WhatGoes() {
  const { t } = useTranslation("rights");
  return (
    <ul className={css.goes}>
      <li>{t("erasing.goes")}</li>
      <li>{t("erasing.stays")}</li>
      <li>{t("erasing.told")}</li>
    </ul>
  );
}
