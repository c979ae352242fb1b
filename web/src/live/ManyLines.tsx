import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { Fragment, useLayoutEffect, useRef, useState } from "react";
import type { LinesProps } from "./VirtualLines";

const BEYOND = 12;

/** Only the lines near the window are in the document. */
export function ManyLines<Line>({ lines, keyOf, heightOf, draw, role }: LinesProps<Line>) {
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    // What stands above may grow or shrink at any time.
    const measure = () => setTop(body.current ? body.current.getBoundingClientRect().top + window.scrollY : 0);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => heightOf(lines[index] as Line),
    getItemKey: (index) => keyOf(lines[index] as Line),
    overscan: BEYOND,
    scrollMargin: top,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights follow the lines and how they are reckoned
  useLayoutEffect(() => virtualizer.measure(), [lines, heightOf]);
  const items = virtualizer.getVirtualItems();
  const before = (items[0]?.start ?? top) - top;
  const after = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? top) - top);
  return (
    <div role={role} ref={body} style={{ paddingTop: before, paddingBottom: Math.max(0, after) }}>
      {items.map(({ index, key }) => {
        const line = lines[index];
        return line === undefined ? null : <Fragment key={key}>{draw(line, index)}</Fragment>;
      })}
    </div>
  );
}
