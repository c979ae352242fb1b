import { Fragment, useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { LinesProps } from "./VirtualLines";

/** So much beyond the window is drawn, too: a scroll that runs ahead of the page does not come to where nothing is. */
const BEYOND_PX = 384;
/** Lines come and go by so much of a scroll at a time, so that most of its frames draw nothing. */
const STEP_PX = 160;

/** Only the lines near the window are in the document, and the one that stays: scrolled far out it keeps the focus, or is found by Tab. */
export function ManyLines<Line>({ lines, keyOf, heightOf, stays, draw, role }: LinesProps<Line>) {
  const body = useRef<HTMLDivElement>(null);
  const starts = useMemo(() => startsOf(lines, heightOf), [lines, heightOf]);
  const [{ top, height }, setSeen] = useState({ top: 0, height: innerHeight });
  useEffect(() => {
    let seen = { top: 0, height: innerHeight };
    const look = () => {
      const above = -(body.current?.getBoundingClientRect().top ?? 0);
      const now = { top: Math.floor(above / STEP_PX) * STEP_PX, height: innerHeight };
      if (now.top !== seen.top || now.height !== seen.height) {
        seen = now;
        flushSync(() => setSeen(now)); // before this frame is painted: who jumps far sees no emptiness first
      }
    };
    // What stands above may grow or shrink at any time.
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      observer.disconnect();
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, []);
  const staying = lines.findIndex(stays);
  const first = lineAt(starts, top - BEYOND_PX);
  const last = lineAt(starts, top + STEP_PX + height + BEYOND_PX);
  const drawn = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  if (staying >= 0 && staying < first) {
    drawn.unshift(staying);
  } else if (staying > last) {
    drawn.push(staying);
  }
  const startOf = (index: number) => starts[index] as number;

  return (
    <div
      role={role}
      ref={body}
      style={{
        paddingTop: startOf(drawn[0] as number),
        paddingBottom: startOf(lines.length) - startOf((drawn.at(-1) as number) + 1),
      }}
    >
      {drawn.map((index, at) => {
        const line = lines[index] as Line;
        const between = at === 0 ? 0 : startOf(index) - startOf((drawn[at - 1] as number) + 1);
        return (
          <Fragment key={keyOf(line)}>
            {between > 0 && <div data-between="" style={{ height: between }} />}
            {draw(line, index)}
          </Fragment>
        );
      })}
    </div>
  );
}

/** Where each line begins, in px, and after them where the last one ends. */
function startsOf<Line>(lines: Line[], heightOf: (line: Line) => number): Float64Array {
  const starts = new Float64Array(lines.length + 1);
  let at = 0;
  for (const [index, line] of lines.entries()) {
    at += heightOf(line);
    starts[index + 1] = at;
  }
  return starts;
}

/** The line in which a place is, the nearest one when it is in none. */
function lineAt(starts: Float64Array, px: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= px) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
