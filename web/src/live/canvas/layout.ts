/** Where each cell of the canvas wall stands. Pure: lengths in CSS px, counted from the side on which a line begins. */

/** What the layout has to know of a group: how many, and how wide its heading is. */
export interface Sized {
  count: number;
  headPx: number;
}

export interface Room {
  width: number;
  /** In which everybody stands without scrolling, if cells of the least size do. */
  height: number;
  /** How much larger words are than on a desk. */
  scale: number;
}

export interface Block {
  shelf: number;
  group: number;
  /** Index of its first cell. */
  first: number;
  count: number;
  /** Of the heading; cells begin `head` below. */
  x: number;
  y: number;
  width: number;
  /** Cells stand in columns of so many. */
  rows: number;
}

export interface Layout {
  size: number;
  step: number;
  head: number;
  /** Width of the column in which shelves are named; 0 when their names stand above. */
  side: number;
  width: number;
  height: number;
  blocks: Block[];
  shelves: { y: number; height: number }[];
  x: Float32Array;
  y: Float32Array;
}

/** At this size the outlines of the states differ. */
export const LEAST_PX = 12;
/** Larger ones say no more; across a room they are read from further away. */
const MOST_PX = 112;
const MOST_FAR_PX = 224;
const ROWS_MAX = 14;
/** Below this width names of shelves stand above them. */
const NARROW_PX = 900;
const SIDE_PX = 132;
const HEAD_PX = 18;
const BETWEEN_PX = 12;

/** The largest cells with which everybody is in the room; the least size, and taller than the room, when there is none. */
export function largest(shelves: { named: boolean; groups: Sized[] }[], room: Room): Layout {
  for (let size = room.scale > 1 ? MOST_FAR_PX : MOST_PX; size > LEAST_PX; size--) {
    const tried = laid(shelves, room, size);
    if (tried.height <= room.height) {
      return placed(tried);
    }
  }
  return placed(laid(shelves, room, LEAST_PX));
}

type Laid = Omit<Layout, "x" | "y">;

function laid(shelves: { named: boolean; groups: Sized[] }[], { width, scale }: Room, size: number): Laid {
  const step = size + gapOf(size);
  const head = Math.round(HEAD_PX * scale);
  const named = shelves.some((shelf) => shelf.named);
  const side = named && width >= NARROW_PX * scale ? Math.round(SIDE_PX * scale) : 0;
  const blocks: Block[] = [];
  const lines: { y: number; height: number }[] = [];
  let y = 0;
  let first = 0;
  shelves.forEach((shelf, at) => {
    const above = shelf.named && side === 0 ? Math.round(24 * scale) : 0;
    // A shelf that is named beside is at least as high as its three lines.
    const least = shelf.named && side > 0 ? Math.round(54 * scale) : 0;
    let best = flow(shelf.groups, 1, step, head, side, width);
    for (let rows = 2; rows <= ROWS_MAX; rows++) {
      const tried = flow(shelf.groups, rows, step, head, side, width);
      if (tried.height < best.height) {
        best = tried;
      }
    }
    shelf.groups.forEach(({ count }, group) => {
      const { y: down, ...place } = best.places[group] as Place;
      blocks.push({ shelf: at, group, first, count, ...place, y: y + above + down });
      first += count;
    });
    const height = above + Math.max(best.height, least);
    lines.push({ y, height });
    y += height + (at < shelves.length - 1 ? Math.round(12 * scale) : 0);
  });
  return { size, step, head, side, width, height: y, blocks, shelves: lines };
}

interface Place {
  x: number;
  y: number;
  width: number;
  rows: number;
}

/** Groups beside each other, in as many lines as they need. One that would be wider than the wall has more rows than the others. */
function flow(groups: Sized[], rows: number, step: number, head: number, side: number, width: number) {
  const columnsMax = Math.max(1, Math.floor((width - side) / step));
  let x = side;
  let y = 0;
  let lineHeight = 0;
  const places: Place[] = [];
  for (const { count, headPx } of groups) {
    const own = Math.max(rows, Math.ceil(count / columnsMax));
    const wide = Math.min(width - side, Math.max(Math.ceil(count / own) * step, headPx));
    if (x > side && x + wide > width) {
      x = side;
      y += lineHeight + 6;
      lineHeight = 0;
    }
    places.push({ x, y, width: wide, rows: own });
    lineHeight = Math.max(lineHeight, head + own * step);
    x += wide + BETWEEN_PX;
  }
  return { places, height: y + lineHeight };
}

function placed(found: Laid): Layout {
  const count = found.blocks.reduce((sum, block) => sum + block.count, 0);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  for (const block of found.blocks) {
    for (let at = 0; at < block.count; at++) {
      x[block.first + at] = block.x + Math.floor(at / block.rows) * found.step;
      y[block.first + at] = block.y + found.head + (at % block.rows) * found.step;
    }
  }
  return { ...found, x, y };
}

export function gapOf(size: number): number {
  return Math.max(2, Math.round(size * 0.14));
}

/** The cell at a point, with half the gap around it, so that a pointer between two cells is on one of them. */
export function cellAt({ blocks, step, size, head }: Layout, x: number, y: number): number | null {
  const around = (step - size) / 2;
  for (const block of blocks) {
    const column = Math.floor((x - block.x + around) / step);
    const row = Math.floor((y - block.y - head + around) / step);
    if (column >= 0 && row >= 0 && row < block.rows) {
      const at = column * block.rows + row;
      if (at < block.count) {
        return block.first + at;
      }
    }
  }
  return null;
}

/** The cell to which an arrow, Home or End leads; `null` when it leads nowhere. `forth` and `back` are along the line. */
export function cellBeside(layout: Layout, from: number, to: "forth" | "back" | "up" | "down" | "first" | "last") {
  const { x, y, size } = layout;
  if (to === "first" || to === "last") {
    return x.length === 0 ? null : to === "first" ? 0 : x.length - 1;
  }
  const [fromX, fromY] = [x[from] as number, y[from] as number];
  let best: number | null = null;
  let least = Infinity;
  for (let at = 0; at < x.length; at++) {
    const across = (x[at] as number) - fromX;
    const down = (y[at] as number) - fromY;
    const ahead = to === "forth" ? across : to === "back" ? -across : to === "down" ? down : -down;
    const aside = Math.abs(to === "forth" || to === "back" ? down : across);
    const along = to === "forth" || to === "back";
    if (ahead <= 0 || (along && aside >= size)) {
      continue;
    }
    // Along the line the nearest; up and down the nearest line, and in it whoever is the least aside.
    const far = along ? ahead + aside / 1e3 : ahead * 1e5 + aside;
    if (far < least) {
      [best, least] = [at, far];
    }
  }
  return best;
}
