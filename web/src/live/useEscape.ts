import { useEffect, useEffectEvent } from "react";
import { isTaken } from "../ui/keys";

/** Calls `back` at Escape, unless somebody types or something that stands in front of the page takes it. */
export function useEscape(back: () => void): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.defaultPrevented && !isTaken(event)) {
      back();
    }
  });
  useEffect(() => {
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
