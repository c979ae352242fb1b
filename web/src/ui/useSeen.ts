import { useSyncExternalStore } from "react";

/** Whether this tab is before somebody's eyes: no other one, and not put away. */
export function useSeen(): boolean {
  return useSyncExternalStore(subscribe, () => document.visibilityState === "visible");
}

function subscribe(changed: () => void): () => void {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}
