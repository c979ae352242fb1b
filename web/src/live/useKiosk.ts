import { useEffect, useState } from "react";

/** Cards are drawn larger the wider the screen is: it is read from across the room. */
const WIDTH_PX = 1500;
const SCALE_MAX = 2;

/** Keeps the screen awake while the wall fills it; returns how much larger all is to be drawn. */
export function useKiosk(kiosk: boolean): number {
  const [width, setWidth] = useState(innerWidth);
  useEffect(() => {
    if (!kiosk) {
      return;
    }
    const measure = () => setWidth(innerWidth);
    addEventListener("resize", measure);
    let lock: WakeLockSentinel | null = null;
    async function stayAwake() {
      // Only a page that is seen may ask; the browser lets go of it whenever the page is hidden.
      if (!document.hidden) {
        lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
      }
    }
    void stayAwake();
    document.addEventListener("visibilitychange", stayAwake);
    return () => {
      removeEventListener("resize", measure);
      document.removeEventListener("visibilitychange", stayAwake);
      void lock?.release();
    };
  }, [kiosk]);
  return kiosk ? Math.min(SCALE_MAX, Math.max(1, width / WIDTH_PX)) : 1;
}
