import { useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, LANGUAGES, type Language, language } from "../i18n/i18n";
import type { MenuChoice } from "./MenuPopup";

/** The languages, each in its own words, so that it is found by whoever reads no other; and whether the last one could not be loaded. */
export function useLanguages(): { choices: MenuChoice[]; failed: boolean } {
  useTranslation(); // Another language draws anew whoever asks.
  const [failed, setFailed] = useState(false);
  const choices = (Object.keys(LANGUAGES) as Language[]).map((each) => ({
    key: each,
    word: LANGUAGES[each].name,
    chosen: each === language(),
    lang: each,
    onChoose: () => {
      chooseLanguage(each).then(
        () => setFailed(false),
        () => setFailed(true),
      );
    },
  }));
  return { choices, failed };
}
