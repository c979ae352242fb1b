/**
 * What can be done now: each page tells while it is shown, the shell tells what goes everywhere. The palette and the sheet of
 * shortcuts list it; the keyboard runs it. Keys that a part of the page hears by itself, among people or in a strip, it only tells of.
 */
import { useEffect, useId, useSyncExternalStore } from "react";
import type { IconName } from "./Icon";

export interface Command {
  id: string;
  /** Pages to go to, ways to see the present page, acts. */
  group: "page" | "view" | "action";
  /** In the language of the page. */
  title: string;
  icon: IconName;
  /** A key (`p`, `/`), or two one after the other (`g l`). They do nothing while somebody types or a dialog is open. */
  keys?: string | undefined;
  run: () => void;
}

/** A key that is heard where the focus is. */
export interface Hint {
  /** Where, and what it does: in the language of the page. */
  where: string;
  title: string;
  /** One of these does it, as they stand on the keyboard. */
  keys: string[];
}

/** Offers commands while the component is there. Those of a page that was shown later come first. */
export function useCommands(commands: Command[]): void {
  useTold(COMMANDS, commands);
}

/** Every command that is offered at this moment. */
export function offered(): Command[] {
  return COMMANDS.all;
}

/** As `offered`, drawn anew when that changes. */
export function useOffered(): Command[] {
  return useSyncExternalStore(COMMANDS.listen, () => COMMANDS.all);
}

/** Tells of keys while the component is there. */
export function useHints(hints: Hint[]): void {
  useTold(HINTS, hints);
}

export function useHinted(): Hint[] {
  return useSyncExternalStore(HINTS.listen, () => HINTS.all);
}

/** What is told of by all components that are there. */
class Told<Item> {
  all: Item[] = [];
  #byTeller = new Map<string, Item[]>();
  #listeners = new Set<() => void>();

  set(teller: string, items: Item[] | null): void {
    if (items) {
      this.#byTeller.set(teller, items);
    } else {
      this.#byTeller.delete(teller);
    }
    this.all = [...this.#byTeller.values()].reverse().flat();
    for (const listener of this.#listeners) {
      listener();
    }
  }

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

const COMMANDS = new Told<Command>();
const HINTS = new Told<Hint>();

function useTold<Item>(told: Told<Item>, items: Item[]): void {
  const teller = useId();
  useEffect(() => told.set(teller, items), [told, teller, items]);
  useEffect(() => () => told.set(teller, null), [told, teller]);
}
