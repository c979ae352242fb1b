/**
 * What can be done now: each page tells while it is shown, the shell tells what goes everywhere. The palette and the sheet of
 * shortcuts list it; the keyboard runs it.
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

const told = new Map<string, Command[]>();
const listeners = new Set<() => void>();
let all: Command[] = [];

/** Offers commands while the component is there. Those of a page that was shown later come first. */
export function useCommands(commands: Command[]): void {
  const teller = useId();
  useEffect(() => {
    told.set(teller, commands);
    changed();
  }, [teller, commands]);
  useEffect(
    () => () => {
      told.delete(teller);
      changed();
    },
    [teller],
  );
}

/** Every command that is offered at this moment. */
export function offered(): Command[] {
  return all;
}

/** As `offered`, drawn anew when that changes. */
export function useOffered(): Command[] {
  return useSyncExternalStore(listen, offered);
}

function changed(): void {
  all = [...told.values()].reverse().flat();
  for (const listener of listeners) {
    listener();
  }
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
