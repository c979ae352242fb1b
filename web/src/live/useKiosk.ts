import { useEffect, useEffectEvent, useState } from "react";

/** Cards are drawn larger the wider the screen is: it is read from across the room. */
const WIDTH_PX = 1500;
const SCALE_MAX = 2;

/**
 * Fills the screen, where the browser allows it, and keeps it awake; returns how much larger all is to be drawn. `onLeave`: the browser
 * left the full screen, as its own Escape does.
 */
export function useKiosk(kiosk: boolean, onLeave: () => void): number {
  const left = useEffectEvent(onLeave);
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
    const whole = document.documentElement;
    // Only right after a key or a click: an address that is opened fills the window.
    if (navigator.userActivation?.isActive) {
      void whole.requestFullscreen?.().catch(() => undefined);
    }
    const changed = () => {
      if (!document.fullscreenElement) {
        left();
      }
    };
    document.addEventListener("fullscreenchange", changed);
    document.addEventListener("visibilitychange", stayAwake);
    return () => {
      removeEventListener("resize", measure);
      document.removeEventListener("visibilitychange", stayAwake);
      document.removeEventListener("fullscreenchange", changed);
      if (document.fullscreenElement) {
        void document.exitFullscreen().catch(() => undefined);
      }
      void lock?.release();
    };
  }, [kiosk]);
  return kiosk ? Math.min(SCALE_MAX, Math.max(1, width / WIDTH_PX)) : 1;
}
