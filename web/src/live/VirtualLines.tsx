import { Fragment, type ReactNode } from "react";
import { ManyLines } from "./ManyLines";

/** Up to this many lines all are drawn: the browser's own search then finds everybody. */
const DRAWN_WHOLE = 300;

export interface LinesProps<Line> {
  lines: Line[];
  keyOf: (line: Line) => string | number;
  /** In px: given to each line, so that those outside the document can be reckoned. */
  heightOf: (line: Line) => number;
  /** The one line that is in the document wherever the window is. */
  stays: (line: Line) => boolean;
  draw: (line: Line, index: number) => ReactNode;
  role?: "rowgroup";
}

/** Lines of known heights one below the other. Of thousands only those near the window are in the document. */
export function VirtualLines<Line>(props: LinesProps<Line>) {
  const { lines, keyOf, draw, role } = props;
  if (lines.length > DRAWN_WHOLE) {
    return <ManyLines {...props} />;
  }
  return (
    <div role={role}>
      {lines.map((line, index) => (
        <Fragment key={keyOf(line)}>{draw(line, index)}</Fragment>
      ))}
    </div>
  );
}
