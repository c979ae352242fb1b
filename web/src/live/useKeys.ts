import { useEffect, useEffectEvent } from "react";

/** Keys of the page, by their names; none of them while somebody types, or something stands in front of the page. */
export function useKeys(keys: ReadonlyMap<string, () => void>): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target instanceof HTMLElement ? event.target : null;
    const typing = target?.closest("input, textarea, select, [contenteditable], [role=dialog]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
      return;
    }
    const act = keys.get(event.key);
    if (act) {
      event.preventDefault();
      act();
    }
  });
  useEffect(() => {
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
