import type { words } from "./en/words";

// Keys are those of English: tsc refuses a `t` of what no file has. That other languages have the same is held by words.test.ts.
declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "ui";
    resources: typeof words;
  }
}
