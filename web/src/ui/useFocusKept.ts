import { type RefObject, useEffect } from "react";

const HEADINGS = "h1, h2, h3";

/**
 * Whoever goes by keys stays where they are: when what had the focus is gone or was switched off, by an act that is done or under way,
 * the focus goes to it again as soon as it can be had, or else to the heading nearest above it.
 */
export function useFocusKept(within: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const root = within.current;
    if (!root) {
      return undefined;
    }
    /** What had it, and what lies around that, from within. */
    let trail: HTMLElement[] = [];
    const came = ({ target }: FocusEvent) => {
      trail = [];
      for (let at = target as HTMLElement | null; at && at !== root; at = at.parentElement) {
        trail.push(at);
      }
    };
    const forget = () => {
      trail = []; // By the pointer the focus may go to nothing.
    };
    const look = () => {
      const [last] = trail;
      if (!last || document.activeElement !== document.body || !document.hasFocus()) {
        return;
      }
      if (last.isConnected) {
        last.focus({ preventScroll: true }); // In vain as long as it is switched off.
        return;
      }
      const around = trail.find((each) => each.isConnected && each.querySelector(HEADINGS)) ?? root;
      const to = around.querySelector<HTMLElement>(HEADINGS) ?? document.getElementById("page");
      if (to) {
        to.tabIndex = -1;
        to.focus({ preventScroll: true });
      }
    };
    let frame = 0;
    const changes = new MutationObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look);
    });
    changes.observe(root, { subtree: true, childList: true, attributeFilter: ["disabled"] });
    changes.observe(document.body, { childList: true }); // A dialog that closes.
    root.addEventListener("focusin", came);
    document.addEventListener("pointerdown", forget);
    return () => {
      cancelAnimationFrame(frame);
      changes.disconnect();
      root.removeEventListener("focusin", came);
      document.removeEventListener("pointerdown", forget);
    };
  }, [within]);
}
