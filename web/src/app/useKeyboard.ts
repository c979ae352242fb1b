import { useEffect, useEffectEvent, useRef } from "react";
import { offered } from "../ui/commands";
import { Chords, isTaken, keyOf, singleKeys } from "../ui/keys";

/** Runs what is offered when its keys are pressed; Ctrl-K (or Cmd-K) also while somebody types. */
export function useKeyboard({ onPalette }: { onPalette: () => void }): void {
  const chords = useRef(new Chords());
  const press = useEffectEvent((event: KeyboardEvent) => {
    const key = keyOf(event);
    if (key === null || event.repeat || event.defaultPrevented) {
      return;
    }
    if (key === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault(); // In some browsers it leads to their own search.
      onPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event) || !singleKeys()) {
      return;
    }
    const commands = offered();
    const keys = chords.current.press(
      key,
      event.timeStamp,
      commands.flatMap((command) => command.keys ?? []),
    );
    const meant = keys && commands.find((command) => command.keys === keys);
    if (meant) {
      event.preventDefault(); // `/` would be typed into the field that it leads to.
      meant.run();
    }
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => press(event);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
