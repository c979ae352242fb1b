import { type FocusEvent, type KeyboardEvent, useCallback, useState } from "react";
import { flushSync } from "react-dom";

/**
 * Arrow keys among many: Tab leads to one of them, arrows to its neighbours, Home and End to the first and the last. `rows` are as they
 * stand on the screen, from top to bottom.
 */
export function useReach(rows: number[][]) {
  const [last, setLast] = useState<number | null>(null);
  const reached = last !== null && rows.some((row) => row.includes(last)) ? last : (rows[0]?.[0] ?? null);

  const onFocus = useCallback((event: FocusEvent) => {
    const person = personOf(event.target);
    if (person !== null) {
      setLast(person);
    }
  }, []);

  function onKeyDown(event: KeyboardEvent) {
    const person = personOf(event.target);
    if (person === null || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    const next = neighbour(rows, person, event.key, document.documentElement.dir === "rtl");
    if (next !== null) {
      event.preventDefault();
      const within = event.currentTarget;
      flushSync(() => setLast(next)); // of thousands they are in the document only then
      focusOn(within, next);
    }
  }

  return { reached, onFocus, onKeyDown };
}

function focusOn(within: Element, person: number): void {
  const place = within.querySelector<HTMLElement>(`[data-person="${person}"]`);
  const button = place?.matches("button") ? place : place?.querySelector<HTMLElement>("button");
  button?.focus();
}

/** Whom a key leads to; `null` when it leads nowhere. Pure. */
export function neighbour(rows: number[][], person: number, key: string, rightToLeft: boolean): number | null {
  const row = rows.findIndex((people) => people.includes(person));
  const column = rows[row]?.indexOf(person) ?? 0;
  const everybody = rows.flat();
  const at = everybody.indexOf(person);
  const [forth, back] = rightToLeft ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
  const beside = (people: number[] | undefined) => people?.[Math.min(column, people.length - 1)];
  const found: Record<string, number | undefined> = {
    [forth]: everybody[at + 1],
    [back]: everybody[at - 1],
    ArrowDown: beside(rows[row + 1]),
    ArrowUp: beside(rows[row - 1]),
    Home: everybody[0],
    End: everybody.at(-1),
  };
  const next = found[key];
  return next === undefined || next === person ? null : next;
}

function personOf(target: EventTarget): number | null {
  const place = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-person]") : null;
  return place ? Number(place.dataset.person) : null;
}
