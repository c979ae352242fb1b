import { useEffect, useEffectEvent, useState } from "react";
import { useAwake } from "./useAwake";

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
  useAwake(kiosk);
  useEffect(() => {
    if (!kiosk) {
      return;
    }
    const measure = () => setWidth(innerWidth);
    addEventListener("resize", measure);
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
    return () => {
      removeEventListener("resize", measure);
      document.removeEventListener("fullscreenchange", changed);
      if (document.fullscreenElement) {
        void document.exitFullscreen().catch(() => undefined);
      }
    };
  }, [kiosk]);
  return kiosk ? Math.min(SCALE_MAX, Math.max(1, width / WIDTH_PX)) : 1;
}
