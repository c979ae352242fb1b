/** Whether the hub answered the last call. What it answered is another matter. */
import { useSyncExternalStore } from "react";

let answered = true;
const listeners = new Set<() => void>();

export function noteReach(now: boolean): void {
  if (now !== answered) {
    answered = now;
    for (const listener of listeners) {
      listener();
    }
  }
}

export function useReach(): boolean {
  return useSyncExternalStore(listen, () => answered);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
