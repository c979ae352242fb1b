import { type FocusEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import type { Section } from "./arrange";
import type { Board } from "./board";
import { hold } from "./hold";

/**
 * Sections in the order in which they stood when the pointer or the focus came onto the wall, for as long as either stays. `view` names
 * what was asked for: another filter or order is never held up. Nor is a picture that is still coming: whoever waits with the pointer in
 * the page would have it in the order of its arrival.
 */
export function useHeld(sections: Section[], board: Board, view: string, whole: boolean) {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const stood = useRef({ view, sections, whole });
  const held = whole && (pointed || focused);
  const shown =
    held && stood.current.whole && stood.current.view === view
      ? hold(stood.current.sections, sections, (person) => board.people.has(person))
      : sections;
  useEffect(() => {
    stood.current = { view, sections: shown, whole };
  });

  return {
    shown,
    held,
    handlers: {
      // A finger doesn't hover: it would hold the order until the next touch elsewhere.
      onPointerEnter: (event: PointerEvent) => setPointed(event.pointerType === "mouse"),
      onPointerLeave: () => setPointed(false),
      onFocus: (event: FocusEvent) => setFocused(event.target.matches(":focus-visible")),
      onBlur: (event: FocusEvent) => setFocused(event.currentTarget.contains(event.relatedTarget)),
    },
  };
}
