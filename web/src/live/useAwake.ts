import { useEffect } from "react";

/**
 * Keeps the screen awake while `wanted`, where the browser does that. Only a page that is seen may ask, and the browser takes its
 * promise back whenever the page is hidden: it is asked again when the page is seen again. A refusal is no fault: the screen then sleeps
 * as it does elsewhere.
 */
export function useAwake(wanted: boolean): void {
  useEffect(() => {
    if (!wanted || !navigator.wakeLock) {
      return;
    }
    let over = false;
    let lock: WakeLockSentinel | null = null;
    let asking = false;
    /** The page was hidden and seen again meanwhile: what is answered may be about before. */
    let again = false;

    async function ask() {
      if (over || document.hidden || (lock && !lock.released)) {
        return;
      }
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      const given = await navigator.wakeLock.request("screen").catch(() => null);
      asking = false;
      if (given && (over || document.hidden)) {
        letGo(given); // The answer came too late.
      } else {
        lock = given;
      }
      if (again) {
        again = false;
        void ask();
      }
    }

    void ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", ask);
      letGo(lock);
    };
  }, [wanted]);
}

function letGo(lock: WakeLockSentinel | null): void {
  lock?.release().catch(() => undefined);
}
