import { useTranslation } from "react-i18next";
import { useEverybodysRightsQuery } from "./api";
import css from "./Rights.module.css";

/** What an erasure takes, what is left, and whether they are told. */
export function WhatGoes() {
  const { t } = useTranslation("rights");
  const { data } = useEverybodysRightsQuery(false);
  return (
    <ul className={css.goes}>
      <li>{t("erasing.goes")}</li>
      <li>{t("erasing.stays")}</li>
      {data && <li>{t(data.mail ? "erasing.mailed" : "erasing.told")}</li>}
    </ul>
  );
}
