// @vitest-environment node
/**
 * The floors of tokens.css: WCAG contrast of every role, and how far apart states and classes stay for the common colour blindnesses.
 * Simulation: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB. Distance: CIEDE2000 (Sharma 2005).
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Triple = [number, number, number];

const MARK_MIN = 3;
const TEXT_MIN = 4.5;
/** A mark on its own tint is decoration beside a word: it has to be seen, not read. */
const ON_TINT_MIN = 2.6;
/** Below 5 two patches pass for one colour. */
const APART_MIN = 11;

const STATES = ["active", "passive", "idle", "locked", "break", "private", "offline"];
const CLASSES = ["productive", "neutral", "unproductive"];
const ROLES = [...STATES, ...CLASSES, "stale", "attention", "danger"];
const ON_ANY_GROUND = {
  ink: 7,
  "ink-2": TEXT_MIN,
  "ink-3": TEXT_MIN,
  "accent-text": TEXT_MIN,
  "line-strong": MARK_MIN,
};
const VISION: Record<string, [Triple, Triple, Triple]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const css = readFileSync("src/ui/tokens.css", "utf8");

/** The colours of a theme in linear RGB, by their names. */
function colours(theme: string): (name: string) => Triple {
  const block = css.slice(css.indexOf(`[data-theme="${theme}"] {`)).split("\n}")[0] ?? "";
  const named = new Map([...block.matchAll(/--([\w-]+): *(#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex]));
  return (name) => {
    const hex = named.get(name);
    if (!hex) {
      throw new Error(`${theme} has no colour --${name}`);
    }
    return [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255)) as Triple;
  };
}

const linear = (c: number) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);

const luminance = ([r, g, b]: Triple) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(one: Triple, other: Triple): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function seen(colour: Triple, by: [Triple, Triple, Triple]): Triple {
  return by.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, m, i) => sum + m * (colour[i] ?? 0), 0),
      ),
    ),
  ) as Triple;
}

function lab([r, g, b]: Triple): Triple {
  const root = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  const x = root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = root(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = root((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distance([l1, a1, b1]: Triple, [l2, a2, b2]: Triple): number {
  const sin = (degrees: number) => Math.sin((degrees * Math.PI) / 180);
  const cos = (degrees: number) => Math.cos((degrees * Math.PI) / 180);
  const far = (c: number) => Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));
  const grey = 0.5 * (1 - far((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2));
  const [c1, c2] = [Math.hypot(a1 * (1 + grey), b1), Math.hypot(a2 * (1 + grey), b2)];
  const hue = (a: number, b: number) => ((Math.atan2(b, a * (1 + grey)) * 180) / Math.PI + 360) % 360;
  const [h1, h2] = [hue(a1, b1), hue(a2, b2)];
  const turn = c1 * c2 === 0 ? 0 : ((h2 - h1 + 540) % 360) - 180;
  const [dl, dc, dh] = [l2 - l1, c2 - c1, 2 * Math.sqrt(c1 * c2) * sin(turn / 2)];
  const [lm, cm, hm] = [(l1 + l2) / 2, (c1 + c2) / 2, c1 * c2 === 0 ? h1 + h2 : (h1 + turn / 2 + 360) % 360];
  const t = 1 - 0.17 * cos(hm - 30) + 0.24 * cos(2 * hm) + 0.32 * cos(3 * hm + 6) - 0.2 * cos(4 * hm - 63);
  const sl = 1 + (0.015 * (lm - 50) ** 2) / Math.sqrt(20 + (lm - 50) ** 2);
  const [sc, sh] = [1 + 0.045 * cm, 1 + 0.015 * cm * t];
  const bend = -2 * sin(60 * Math.exp(-(((hm - 275) / 25) ** 2))) * far(cm);
  return Math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + bend * (dc / sc) * (dh / sh));
}

describe("the measure", () => {
  it("is that of the standards", () => {
    expect(contrast([0, 0, 0], [1, 1, 1])).toBeCloseTo(21, 5);
    // Pairs 1, 7 and 25 of Sharma, Wu and Dalal's test data.
    expect(distance([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4);
    expect(distance([50, 0, 0], [50, -1, 2])).toBeCloseTo(2.3669, 4);
    expect(distance([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387])).toBeCloseTo(1.2644, 4);
  });
});

describe.each(["light", "dark"])("the %s theme", (theme) => {
  const colour = colours(theme);
  const worst = (name: string, grounds: string[]) =>
    Math.min(...grounds.map((ground) => contrast(colour(name), colour(ground))));

  it.each(ROLES)("shows %s as a mark, a word, and a word on its tint", (role) => {
    expect(worst(role, ["canvas", "surface"])).toBeGreaterThanOrEqual(MARK_MIN);
    expect(worst(`${role}-text`, ["canvas", "surface", `${role}-soft`])).toBeGreaterThanOrEqual(TEXT_MIN);
    expect(worst(role, [`${role}-soft`])).toBeGreaterThanOrEqual(ON_TINT_MIN);
  });

  it.each(Object.entries(ON_ANY_GROUND))("shows %s on any ground", (name, floor) => {
    expect(worst(name, ["canvas", "surface", "sunken", "hover"])).toBeGreaterThanOrEqual(floor);
  });

  it("shows words on what is chosen and what is to be pressed", () => {
    expect(worst("on-accent", ["accent", "accent-hover"])).toBeGreaterThanOrEqual(TEXT_MIN);
    expect(worst("accent-text", ["accent-soft"])).toBeGreaterThanOrEqual(TEXT_MIN);
  });

  it.each(Object.keys(VISION))("keeps states and classes apart in %s vision", (vision) => {
    const matrix = VISION[vision] ?? [];
    const shades = (names: string[]) =>
      names.map((name) => ({ name, at: lab(seen(colour(name), matrix as [Triple, Triple, Triple])) }));
    const near = [STATES, CLASSES].flatMap((names) =>
      shades(names).flatMap((one, i, all) =>
        all
          .slice(i + 1)
          .map((other) => ({ pair: `${one.name} and ${other.name}`, far: distance(one.at, other.at) }))
          .filter(({ far }) => far < APART_MIN),
      ),
    );

    expect(near).toEqual([]);
  });
});
