import { useEffect } from "react";

/**
 * Stands beside what is drawn and notes in the browser's own timeline when it was first painted, `wall-shown`, and when with everybody,
 * `wall-whole`: what benchmarks and field measurements read.
 */
export function Marked({ whole }: { whole: boolean }) {
  useEffect(() => mark("wall-shown"), []);
  useEffect(() => (whole ? mark("wall-whole") : undefined), [whole]);
  return null;
}

function mark(name: string): (() => void) | undefined {
  if (performance.getEntriesByName(name).length > 0) {
    return undefined;
  }
  // The second frame begins once the first is painted.
  let frame = requestAnimationFrame(() => {
    frame = requestAnimationFrame(() => performance.mark(name));
  });
  return () => cancelAnimationFrame(frame);
}
