import type { KeyboardEvent, MouseEvent } from "react";
import { keyOf, singleKeys } from "../ui/keys";

/**
 * From a person to all who are in the same app: a click on its name, or A on whoever has the focus. Again, and all are shown. Within a tile
 * that is a button of its own, so the click is caught on its way there.
 */
export function useAppFilter(chosen: string | null, onFilter: (app: string | null) => void) {
  function filter(place: Element | null): boolean {
    const app = place instanceof HTMLElement ? place.dataset.app : undefined;
    if (app !== undefined) {
      onFilter(app === chosen ? null : app);
    }
    return app !== undefined;
  }
  return {
    onClickCapture(event: MouseEvent) {
      const { target } = event;
      if (target instanceof Element && matchMedia("(hover: hover)").matches && filter(target.closest("[data-app]"))) {
        event.stopPropagation();
      }
    },
    onKeyDown(event: KeyboardEvent) {
      const { target, altKey, ctrlKey, metaKey } = event;
      if (keyOf(event) === "a" && !altKey && !ctrlKey && !metaKey && singleKeys() && target instanceof Element) {
        filter(target.closest("[data-person]")?.querySelector("[data-app]") ?? null);
      }
    },
  };
}
