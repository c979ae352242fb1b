import { useEffect, useEffectEvent, useState } from "react";
import { useAwake } from "./useAwake";

/** Cards are drawn larger the wider the screen is: it is read from across the room. */
const WIDTH_PX = 1500;
const SCALE_MAX = 2;

/** So few that they all stand in the window may be larger. */
const FEW_SCALE_MAX = 3;
/** In px, as cards are drawn: what is above them, a head, a card with why it stands above, a card, its least width, each with what is around it. */
const HEIGHT = { counts: 76, head: 46, above: 165, card: 147 };
const BAR_PX = 60;
const CARD_PX = 236;
const EDGES_PX = 24;

/**
 * How large cards may be so that all of these people stand in a window of this size, in so many groups, and a line of those who need
 * attention as well, whether or not there are any: nothing grows when the first one does. 1 when they don't. Pure.
 */
export function fewScale(people: number, groups: number, width: number, height: number): number {
  for (let tenths = FEW_SCALE_MAX * 10; tenths > 10; tenths--) {
    const scale = tenths / 10;
    const columns = Math.max(1, Math.floor((width - EDGES_PX) / scale / CARD_PX));
    const lines = Math.ceil(people / columns) + groups - 1;
    const drawn = HEIGHT.counts + (groups + 1) * HEIGHT.head + HEIGHT.above + lines * HEIGHT.card;
    if (BAR_PX + drawn * scale <= height) {
      return scale;
    }
  }
  return 1;
}

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
