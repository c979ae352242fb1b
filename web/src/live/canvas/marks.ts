/** How one cell looks: a tint and a mark for who is well, solid for who needs somebody. Drawn once for each look, then copied. */
import { STATE_SHAPES } from "../../ui/Icon";
import type { State } from "../../ui/StateMark";
import { STATES } from "../wall";

export interface Look {
  state: State;
  needed: boolean;
}

/** Read once for each theme: never per cell. */
export type Colours = ReadonlyMap<string, string>;

const ROLES = STATES.map((state) => (state === "unknown" ? "stale" : state));
const NAMES = [
  ...ROLES.flatMap((role) => [role, `${role}-text`, `${role}-soft`]),
  "attention",
  "canvas",
  "line",
  "line-strong",
];

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  return new Map(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Reduced from the icon where a cell of 12 px would blur it; the rest are the icons themselves, on their grid of 16. */
const REDUCED: Partial<Record<State, { d: string; line?: number }>> = {
  active: { d: "M3.6 8a4.4 4.4 0 1 0 8.8 0a4.4 4.4 0 1 0 -8.8 0z" },
  passive: { d: "M4.4 2.6v10.8L13.4 8z" },
  offline: { d: "M4.4 11.6l7.2-7.2", line: 1.6 },
};

/** In device px, of a square of `size`; `lifted` leaves room for letters below. */
export function drawLook(
  context: CanvasRenderingContext2D,
  look: Look,
  size: number,
  lifted: boolean,
  colours: Colours,
) {
  const { state, needed } = look;
  const role = state === "unknown" ? "stale" : state;
  const colour = (name: string) => colours.get(name) ?? "#808080";
  const bare = state === "offline" || state === "unknown";
  const line = Math.max(1, Math.round(size / 56));
  const corner = Math.max(2, size * 0.16);
  context.fillStyle = needed ? colour("attention") : bare ? colour("canvas") : colour(`${role}-soft`);
  context.beginPath();
  context.roundRect(0, 0, size, size, corner);
  context.fill();
  if (bare) {
    context.lineWidth = line;
    context.strokeStyle = needed ? colour("canvas") : colour(state === "unknown" ? "line-strong" : "line");
    context.setLineDash(state === "unknown" ? [2 * line, 2 * line] : []);
    context.beginPath();
    context.roundRect(line / 2, line / 2, size - line, size - line, corner);
    context.stroke();
    context.setLineDash([]);
  }
  context.fillStyle = context.strokeStyle = needed ? colour("canvas") : colour(role);
  const mark = lifted ? size * 0.46 : Math.min(size * 0.78, size - 3);
  const middle = lifted ? size * 0.37 : size / 2;
  if (state === "unknown") {
    context.font = `600 ${Math.round(mark * 0.72)}px Inter Variable, system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText("?", size / 2, middle + size * 0.03);
    return;
  }
  const { d, line: width } = REDUCED[state] ?? STATE_SHAPES[state];
  context.save();
  context.translate(size / 2 - mark / 2, middle - mark / 2);
  context.scale(mark / 16, mark / 16);
  if (width) {
    context.lineWidth = width;
    context.lineCap = context.lineJoin = "round";
    context.stroke(new Path2D(d));
  } else {
    context.fill(new Path2D(d), "evenodd");
  }
  context.restore();
}
