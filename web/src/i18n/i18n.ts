/**
 * The words of all pages in the language that was chosen in this browser. English comes with the parts that speak it; every other
 * language is loaded when it is chosen, right-to-left styles with it. One JSON file for each feature and language, each a namespace:
 * `const { t } = useTranslation("live")`, then `t("badge.stale")`; `useTranslation(["live", "ui"])` to say `t("ui:close")` too. Code outside components says `i18n.t("live:badge.stale")`
 * at the time it is needed, never when its module is loaded.
 */
import type { EmotionCache } from "@emotion/cache";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { first } from "./en/first";
import type { words } from "./en/words";

/** By their own names. Figures are Latin in all of them, as codes, versions and commands are: the two stand on one line. */
export const LANGUAGES = {
  en: { name: "English", locale: "en-GB", dir: "ltr" },
  ar: { name: "العربية", locale: "ar-u-nu-latn", dir: "rtl" },
} as const;

export type Language = keyof typeof LANGUAGES;

const LOADED: Record<Exclude<Language, "en">, () => Promise<{ words: Record<keyof typeof words, object> }>> = {
  ar: () => import("./ar/words"),
};

const KEY = "daylight-language";
let mirrored: EmotionCache | null = null;

export const i18n = i18next.createInstance();
void i18n.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  defaultNS: "ui",
  ns: Object.keys(first),
  resources: { en: first },
  initAsync: false,
  partialBundledLanguages: true,
  interpolation: { escapeValue: false }, // React does.
  react: { useSuspense: false },
});
i18n.services.formatter?.addCached("number", (_, options) => {
  const figures = new Intl.NumberFormat(locale(), options);
  return (value: number) => figures.format(value);
});

export function language(): Language {
  return i18n.language as Language;
}

/** For `Intl`: the language with the customs that go with it. */
export function locale(): string {
  return LANGUAGES[language()].locale;
}

/** MUI's styles for right-to-left; `null` while the language runs from left to right. */
export function mirror(): EmotionCache | null {
  return LANGUAGES[language()].dir === "rtl" ? mirrored : null;
}

/** The language of the last visit, or the first of the browser's that we speak. */
export function preferredLanguage(): Language {
  return [stored(), ...navigator.languages.map((tag) => tag.split("-")[0])].find(known) ?? "en";
}

/** Turns the page into another language once its words are here; rejects, and changes nothing, when they can't be had. */
export async function speak(next: Language): Promise<void> {
  if (next !== "en" && !i18n.hasResourceBundle(next, "ui")) {
    const loaded = await LOADED[next]();
    for (const [namespace, bundle] of Object.entries(loaded.words)) {
      i18n.addResourceBundle(next, namespace, bundle);
    }
  }
  if (LANGUAGES[next].dir === "rtl" && !mirrored) {
    mirrored = (await import("./rtl")).mirroredStyles();
  }
  await i18n.changeLanguage(next);
  document.documentElement.lang = next;
  document.documentElement.dir = LANGUAGES[next].dir;
}

/** As `speak`, and remembered for the next visit. */
export async function chooseLanguage(next: Language): Promise<void> {
  await speak(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage may be forbidden: then it is chosen again.
  }
}

/** In the language of somebody who has signed in, unless another was chosen in this browser. */
export function greetIn(theirs: Language): void {
  if (!known(stored())) {
    speak(theirs).catch(() => {}); // Its words can't be had: those that are here serve.
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function known(tag: string | null | undefined): tag is Language {
  return typeof tag === "string" && Object.hasOwn(LANGUAGES, tag);
}
