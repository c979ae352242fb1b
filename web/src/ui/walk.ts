import type { KeyboardEvent } from "react";

/** The arrow keys go from one of these elements of a list to the next, Home and End to its ends. Whether the key was one of them. */
export function walk(event: KeyboardEvent<HTMLElement>, selector: string): boolean {
  const places = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)];
  const at = places.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: places.length - 1 }[event.key];
  if (at < 0 || to === undefined) {
    return false;
  }
  event.preventDefault();
  places[Math.min(places.length - 1, Math.max(0, to))]?.focus();
  return true;
}
