// @vitest-environment node
import { describe, expect, it } from "vitest";
import { cellAt, cellBeside, type Layout, LEAST_PX, largest } from "./layout";

const DESK = { width: 1300, height: 700, scale: 1 };

function shelf(counts: number[], named = true) {
  return { named, groups: counts.map((count) => ({ count, headPx: 80 })) };
}

function overlaps({ x, y, size }: Layout): boolean {
  const taken = new Set<string>();
  for (let at = 0; at < x.length; at++) {
    for (const dx of [0, size - 1]) {
      for (const dy of [0, size - 1]) {
        const corner = `${(x[at] as number) + dx}/${(y[at] as number) + dy}`;
        if (taken.has(corner)) {
          return true;
        }
        taken.add(corner);
      }
    }
  }
  return false;
}

describe("the layout", () => {
  it.each([
    ["few", [shelf([3])]],
    ["a department", [shelf([12, 9, 14]), shelf([5, 7])]],
    ["two thousand", [shelf([90, 70, 60, 110, 70]), shelf([100, 120, 80]), shelf(Array(30).fill(40), false)]],
    ["ten thousand", [shelf(Array(100).fill(100), false)]],
  ])("places everybody once within the width: %s", (_, shelves) => {
    const layout = largest(shelves, DESK);

    expect(layout.x).toHaveLength(shelves.flatMap(({ groups }) => groups).reduce((sum, { count }) => sum + count, 0));
    expect(Math.max(...layout.x) + layout.size).toBeLessThanOrEqual(DESK.width);
    expect(Math.max(...layout.y) + layout.size).toBeLessThanOrEqual(layout.height);
    expect(overlaps(layout)).toBe(false);
  });

  it("takes the largest cells with which everybody is in the window, and no others", () => {
    const shelves = [shelf([90, 70, 60]), shelf([100, 120])];
    const layout = largest(shelves, DESK);

    expect(layout.height).toBeLessThanOrEqual(DESK.height);
    expect(largest(shelves, { ...DESK, height: layout.height - 1 }).size).toBeLessThan(layout.size);
    expect(largest(shelves, { ...DESK, width: 3700, height: 1900 }).size).toBeGreaterThan(layout.size);
  });

  it("grows taller than the window once cells would be too small to tell apart", () => {
    const layout = largest([shelf(Array(100).fill(100), false)], DESK);

    expect(layout.size).toBe(LEAST_PX);
    expect(layout.height).toBeGreaterThan(DESK.height);
  });

  it("keeps one team of two thousand on a phone within its width", () => {
    const layout = largest([shelf([2000])], { width: 336, height: 400, scale: 1 });

    expect(Math.max(...layout.x) + layout.size).toBeLessThanOrEqual(336);
  });
});

describe("a point", () => {
  const layout = largest([shelf([90, 70]), shelf([40])], DESK);

  it("is on the cell around it, and half of the gap is its too", () => {
    for (const at of [0, 17, 90, 159, 160, 199]) {
      const [x, y] = [layout.x[at] as number, layout.y[at] as number];
      expect(cellAt(layout, x + layout.size / 2, y + layout.size / 2)).toBe(at);
      expect(cellAt(layout, x + layout.size + 0.4, y + 1)).toBe(at);
    }
  });

  it("is on nobody beside a shelf and beyond the last of a team", () => {
    expect(cellAt(layout, 20, 40)).toBeNull();
    expect(cellAt(layout, 1299, layout.height - 1)).toBeNull();
  });
});

describe("an arrow", () => {
  const layout = largest([shelf([90, 70]), shelf([40])], DESK);
  const y = (at: number | null) => layout.y[at ?? -1];
  const x = (at: number | null) => layout.x[at ?? -1];

  it("leads along the line, over the edge of a team, and back", () => {
    let at: number | null = 0;
    let passed = 0;
    for (let next = cellBeside(layout, 0, "forth"); next !== null; next = cellBeside(layout, next, "forth")) {
      expect(y(next)).toBe(y(0));
      [at, passed] = [next, passed + 1];
    }

    expect(at).toBeGreaterThanOrEqual(90);
    for (let back = 0; back < passed; back++) {
      at = cellBeside(layout, at as number, "back");
    }
    expect(at).toBe(0);
  });

  it("leads down through all shelves, and stops at the last", () => {
    const below = cellBeside(layout, 0, "down");
    expect([x(below), y(below)]).toEqual([x(0), (y(0) as number) + layout.step]);
    let at: number | null = 0;
    let lowest = 0;
    while (at !== null) {
      lowest = at;
      at = cellBeside(layout, at, "down");
    }

    expect(lowest).toBeGreaterThanOrEqual(160);
  });

  it("finds the first and the last", () => {
    expect([cellBeside(layout, 50, "first"), cellBeside(layout, 50, "last")]).toEqual([0, 199]);
  });
});
