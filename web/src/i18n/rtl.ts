import createCache, { type EmotionCache } from "@emotion/cache";
import rtl from "stylis-plugin-rtl";

/** Where MUI's styles go while the page runs from right to left: `left` becomes `right` in each. Loaded with such a language. */
export function mirroredStyles(): EmotionCache {
  return createCache({ key: "rtl", stylisPlugins: [rtl] });
}
