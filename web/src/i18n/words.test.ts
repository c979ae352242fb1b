// @vitest-environment node
import { describe, expect, it } from "vitest";
import { words as arabic } from "./ar/words";
import { words as english } from "./en/words";
import { LANGUAGES, type Language } from "./i18n";

const TRANSLATED: [Language, object][] = [["ar", arabic]];
const FORM = /_(zero|one|two|few|many|other)$/;
/** Of these there is one amount (or, in Arabic, a word for it): the figure may be left out. */
const NEEDS_NO_FIGURE = /_(zero|one|two)$/;

type Flat = Map<string, string>;

function flat(value: object, path = ""): Flat {
  return new Map(
    Object.entries(value).flatMap(([key, inner]): [string, string][] =>
      typeof inner === "string" ? [[`${path}${key}`, inner]] : [...flat(inner, `${path}${key}.`)],
    ),
  );
}

/** Keys as a language must have them: each plural in all forms that it knows. */
function expectedKeys(of: Flat, language: Language): string[] {
  const forms = new Intl.PluralRules(LANGUAGES[language].locale).resolvedOptions().pluralCategories;
  const keys = [...of.keys()].flatMap((key) =>
    FORM.test(key) ? forms.map((form) => key.replace(FORM, `_${form}`)) : [key],
  );
  return [...new Set(keys)].sort();
}

/** `{{name}}` and `<tag>`, each once. */
function placeholders(text: string): string[] {
  return [...new Set(text.match(/\{\{.*?\}\}|<\/?\w+>/g))].sort();
}

const source = flat(english);

describe("English", () => {
  it("has each plural in all its forms", () => {
    expect([...source.keys()].sort()).toEqual(expectedKeys(source, "en"));
  });
});

describe.each(TRANSLATED)("%s", (language, words) => {
  const said = flat(words);

  it("has the words that English has, and no others", () => {
    expect([...said.keys()].sort()).toEqual(expectedKeys(source, language));
  });

  it("puts in what English puts in", () => {
    const differing = [...said].filter(([key, text]) => {
      const like = placeholders(source.get(key) ?? source.get(key.replace(FORM, "_other")) ?? "");
      const has = placeholders(text);
      const asLittle = like.filter((name) => !name.startsWith("{{count"));
      return has.join() !== like.join() && !(NEEDS_NO_FIGURE.test(key) && has.join() === asLittle.join());
    });

    expect(differing).toEqual([]);
  });

  it("leaves nothing empty", () => {
    expect([...said].filter(([, text]) => text.trim() === "")).toEqual([]);
  });
});
