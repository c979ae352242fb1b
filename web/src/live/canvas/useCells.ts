import { type KeyboardEvent, type PointerEvent, type RefObject, useRef, useState } from "react";
import type { Entry } from "../wall";
import { cellAt, cellBeside, type Layout } from "./layout";
import { typedAhead } from "./surface";

/** Letters that follow each other within this time are one word. */
const TYPING_MS = 1_000;
/** What of the window bars cover, and the card needs. */
const MARGIN_PX = 72;

/**
 * One cell is pointed at, or reached by keys: arrows lead to its neighbours, Home and End to the first and the last, letters to a name,
 * Enter opens it. A mouse opens by a click; a finger first shows the card, then opens.
 */
export function useCells(
  host: RefObject<HTMLElement | null>,
  layout: Layout,
  entries: readonly (Entry | undefined)[],
  onOpen: (person: number) => void,
) {
  const [person, setPerson] = useState<number | null>(null);
  const [focused, setFocused] = useState(false);
  const last = useRef<number | null>(null);
  /** A focus that comes by the pointer shows nobody: the pointer does. */
  const pressed = useRef(false);
  const typed = useRef({ text: "", atMs: 0 });
  // Who is pointed at, not which cell: somebody may come or go before them.
  const found = person === null ? -1 : entries.findIndex((entry) => entry?.person === person);
  const at = found === -1 ? null : found;

  function pointed(event: PointerEvent): number | null {
    const box = host.current?.getBoundingClientRect();
    if (!box) {
      return null;
    }
    const mirrored = document.documentElement.dir === "rtl";
    const x = mirrored ? box.right - event.clientX : event.clientX - box.left;
    return cellAt(layout, x, event.clientY - box.top);
  }

  function show(cell: number | null) {
    const shown = cell === null ? null : (entries[cell]?.person ?? null);
    if (shown !== person) {
      setPerson(shown);
    }
    if (shown !== null) {
      last.current = shown;
    }
  }

  function reach(cell: number) {
    setFocused(true);
    show(cell);
    const top = (host.current?.getBoundingClientRect().top ?? 0) + (layout.y[cell] as number);
    if (top < MARGIN_PX) {
      scrollBy({ top: top - MARGIN_PX });
    } else if (top + layout.size > innerHeight - MARGIN_PX) {
      scrollBy({ top: top + layout.size - innerHeight + MARGIN_PX });
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.altKey || event.ctrlKey || event.metaKey || entries.length === 0) {
      return;
    }
    const from = at ?? 0;
    const next = leadsTo(event.key, from);
    if (next !== undefined) {
      event.preventDefault();
      if (next !== null) {
        reach(at === null ? from : next);
      }
    } else if (event.key === "Enter" && person !== null) {
      event.preventDefault();
      onOpen(person);
    } else if (event.key === "Escape" && person !== null) {
      event.preventDefault();
      event.stopPropagation();
      show(null);
    } else if (event.key.length === 1 && (event.key !== " " || typed.current.text)) {
      // No key of the page: letters are a name here.
      event.preventDefault();
      event.stopPropagation();
      type(event.key, event.timeStamp, from);
    }
  }

  function leadsTo(key: string, from: number): number | null | undefined {
    const [forth, back] =
      document.documentElement.dir === "rtl" ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
    switch (key) {
      case forth:
        return cellBeside(layout, from, "forth");
      case back:
        return cellBeside(layout, from, "back");
      case "ArrowDown":
        return cellBeside(layout, from, "down");
      case "ArrowUp":
        return cellBeside(layout, from, "up");
      case "Home":
        return cellBeside(layout, from, "first");
      case "End":
        return cellBeside(layout, from, "last");
      default:
        return undefined;
    }
  }

  function type(letter: string, atMs: number, from: number) {
    const goesOn = atMs - typed.current.atMs < TYPING_MS;
    const text = goesOn ? typed.current.text + letter : letter;
    typed.current = { text, atMs };
    const names = entries.map((entry) => entry?.tile.name ?? "");
    // A new word is looked for after the cell; one that goes on may still be this cell's.
    const next = typedAhead(names, text, goesOn ? from : from + 1);
    if (next !== null) {
      reach(next);
    }
  }

  return {
    at,
    focused,
    handlers: {
      onPointerMove: (event: PointerEvent) => {
        if (event.pointerType !== "touch") {
          setFocused(false);
          show(pointed(event));
        }
      },
      onPointerLeave: (event: PointerEvent) => event.pointerType !== "touch" && !focused && show(null),
      onPointerUp: (event: PointerEvent) => {
        pressed.current = false;
        const cell = event.button === 0 ? pointed(event) : null;
        const whom = cell === null ? null : (entries[cell]?.person ?? null);
        if (whom !== null && (event.pointerType !== "touch" || whom === person)) {
          onOpen(whom);
        } else if (event.pointerType === "touch") {
          show(cell);
        }
      },
      onPointerDown: () => {
        pressed.current = true;
      },
      onFocus: () => {
        if (!pressed.current) {
          reach(
            Math.max(
              0,
              entries.findIndex((entry) => entry?.person === last.current),
            ),
          );
        }
      },
      onBlur: () => {
        pressed.current = false;
        setFocused(false);
        show(null);
      },
      onKeyDown,
    },
  };
}
