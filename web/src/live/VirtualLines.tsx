import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { Fragment, type ReactNode, useLayoutEffect, useRef, useState } from "react";

/** Up to this many lines all are drawn: the browser's own search then finds everybody. */
const DRAWN_WHOLE = 300;
const BEYOND = 12;

interface Props<Line> {
  lines: Line[];
  keyOf: (line: Line) => string | number;
  /** In px: given to each line, so that those outside the document can be reckoned. */
  heightOf: (line: Line) => number;
  draw: (line: Line, index: number) => ReactNode;
  role?: "rowgroup";
}

/** Lines of known heights one below the other. Of thousands only those near the window are in the document. */
export function VirtualLines<Line>({ lines, keyOf, heightOf, draw, role }: Props<Line>) {
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
  const few = lines.length <= DRAWN_WHOLE;
  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => heightOf(lines[index] as Line),
    getItemKey: (index) => keyOf(lines[index] as Line),
    overscan: few ? DRAWN_WHOLE : BEYOND,
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
