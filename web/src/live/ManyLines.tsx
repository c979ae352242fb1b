import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type FocusEvent, Fragment, useCallback, useLayoutEffect, useRef, useState } from "react";
import type { LinesProps } from "./VirtualLines";

const BEYOND = 12;

/** Only the lines near the window are in the document, and the one that has the focus: scrolled far out it keeps it. */
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
  const [focused, setFocused] = useState<string | number | null>(null);
  const pinned = focused === null ? -1 : lines.findIndex((line) => keyOf(line) === focused);
  const rangeExtractor = useCallback(
    (range: Range) => {
      const near = defaultRangeExtractor(range);
      return pinned < 0 || near.includes(pinned) ? near : [...near, pinned].sort((one, other) => one - other);
    },
    [pinned],
  );
  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => heightOf(lines[index] as Line),
    getItemKey: (index) => keyOf(lines[index] as Line),
    overscan: BEYOND,
    rangeExtractor,
    scrollMargin: top,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights follow the lines and how they are reckoned
  useLayoutEffect(() => virtualizer.measure(), [lines, heightOf]);
  const items = virtualizer.getVirtualItems();
  const before = (items[0]?.start ?? top) - top;
  const after = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? top) - top);

  function onFocus({ target, currentTarget }: FocusEvent) {
    const drawn = [...currentTarget.children].filter((child) => !child.hasAttribute("data-between"));
    setFocused(items[drawn.findIndex((child) => child.contains(target))]?.key as string | number);
  }
  function onBlur({ target, currentTarget, relatedTarget }: FocusEvent) {
    // Of a window that goes to the background the focus stays where it is.
    if (document.activeElement !== target && !currentTarget.contains(relatedTarget)) {
      setFocused(null);
    }
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the focus of the lines within
    <div
      role={role}
      ref={body}
      style={{ paddingTop: before, paddingBottom: Math.max(0, after) }}
      onFocus={onFocus}
      onBlur={onBlur}
    >
      {items.map(({ index, key, start }, at) => {
        const line = lines[index];
        const between = at === 0 ? 0 : start - (items[at - 1]?.end ?? start);
        return line === undefined ? null : (
          <Fragment key={key}>
            {between > 0 && <div data-between="" style={{ height: between }} />}
            {draw(line, index)}
          </Fragment>
        );
      })}
    </div>
  );
}
