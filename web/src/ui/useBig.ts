import { useMedia } from "./useMedia";

/** How much larger pages are drawn on a screen that is read from further away: `--big` of the tokens, for what reckons with heights. */
export function useBig(): number {
  return useMedia("(min-width: 2800px) and (min-height: 1400px)") ? 1.5 : 1;
}
