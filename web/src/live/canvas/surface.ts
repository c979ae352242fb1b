/**
 * The pixels of the canvas wall: strips of canvas one below the other, of which only those near the window exist. Scrolling is the
 * browser's own, a strip is painted when it comes near, and after that only cells whose look changes.
 */

import { fold } from "../../ui/fold";
import type { Entry } from "../wall";
import type { Layout } from "./layout";
import { type Colours, drawLook, type Look } from "./marks";

const STRIP_PX = 512;
/** Strips this near to the window are there already when they are scrolled in. */
const NEAR_PX = 512;
/** From these sizes on there is room for initials, and for a name. */
export const INITIALS_PX = 40;
export const NAMES_PX = 88;

export interface Picture {
  layout: Layout;
  colours: Colours;
  /** Device px for each CSS px. */
  ratio: number;
  /** In CSS px; mirrored when lines run from right to left. */
  width: number;
  mirrored: boolean;
  /** Raised when the letters' font has come. */
  fonts: number;
}

interface Strip {
  canvas: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  /** In device px. */
  top: number;
  bottom: number;
}

export class Surface {
  /** Of the last `show`: how many cells were painted. */
  painted = 0;
  private readonly host: HTMLElement;
  private picture: Picture | null = null;
  private readonly strips = new Map<number, Strip>();
  private readonly looks = new Map<string, HTMLCanvasElement>();
  private cells: readonly (Entry | undefined)[] = [];

  constructor(host: HTMLElement) {
    this.host = host;
  }

  /** Brings what is near the window, from `top` to `bottom` in px of the wall, up to date. Another picture is painted anew. */
  show(picture: Picture, cells: readonly (Entry | undefined)[], top: number, bottom: number): void {
    this.painted = 0;
    if (this.picture !== picture) {
      this.picture = picture;
      this.looks.clear();
      this.drop(() => true);
    }
    const before = this.cells;
    this.cells = cells;
    if (before !== cells) {
      for (let at = 0; at < cells.length; at++) {
        if (before[at] !== cells[at] && isAnother(before[at], cells[at])) {
          this.paint(at);
        }
      }
    }
    this.bring(top - NEAR_PX, bottom + NEAR_PX);
  }

  clear(): void {
    this.drop(() => true);
  }

  private bring(top: number, bottom: number): void {
    const { layout, ratio, width } = this.picture as Picture;
    const count = Math.ceil(layout.height / STRIP_PX);
    const first = Math.max(0, Math.floor(top / STRIP_PX));
    const last = Math.min(count - 1, Math.floor(bottom / STRIP_PX));
    this.drop((number) => number < first || number > last);
    for (let number = first; number <= last; number++) {
      if (!this.strips.has(number)) {
        const strip = this.made(number, Math.round(width * ratio), Math.min(layout.height, (number + 1) * STRIP_PX));
        if (strip) {
          this.strips.set(number, strip);
          this.fill(strip);
        }
      }
    }
  }

  private made(number: number, width: number, until: number): Strip | null {
    const { ratio } = this.picture as Picture;
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    if (!context) {
      return null;
    }
    const top = Math.round(number * STRIP_PX * ratio);
    canvas.width = width;
    canvas.height = Math.max(1, Math.round(until * ratio) - top);
    canvas.setAttribute("aria-hidden", "true");
    canvas.style.cssText = `position:absolute;inset-inline-start:0;top:${top / ratio}px;width:${width / ratio}px;height:${canvas.height / ratio}px`;
    this.host.append(canvas);
    return { canvas, context, top, bottom: top + canvas.height };
  }

  private drop(isFar: (number: number) => boolean): void {
    for (const [number, { canvas }] of this.strips) {
      if (isFar(number)) {
        canvas.remove();
        canvas.width = canvas.height = 0; // its memory goes now, not when somebody collects it
        this.strips.delete(number);
      }
    }
  }

  private fill(strip: Strip): void {
    for (let at = 0; at < this.cells.length; at++) {
      this.paintOn(strip, at, false);
    }
  }

  private paint(at: number): void {
    for (const strip of this.strips.values()) {
      this.paintOn(strip, at, true);
    }
  }

  /** `again`: there is something there. */
  private paintOn({ context, top, bottom }: Strip, at: number, again: boolean): void {
    const { layout, ratio, width, mirrored } = this.picture as Picture;
    const size = Math.round(layout.size * ratio);
    const y = Math.round((layout.y[at] as number) * ratio);
    if (y + size <= top || y >= bottom) {
      return;
    }
    const start = layout.x[at] as number;
    const x = Math.round((mirrored ? width - start - layout.size : start) * ratio);
    if (again) {
      context.clearRect(x, y - top, size, size);
    }
    const entry = this.cells[at];
    if (entry) {
      this.painted += 1;
      const look = { state: entry.judged.state, needed: entry.attention !== null };
      context.drawImage(this.lookOf(look, size), x, y - top);
      this.letter(context, entry, look, x, y - top, size);
    }
  }

  private lookOf(look: Look, size: number): HTMLCanvasElement {
    const key = `${look.state}/${look.needed}`;
    const known = this.looks.get(key);
    if (known) {
      return known;
    }
    const made = document.createElement("canvas");
    made.width = made.height = size;
    const context = made.getContext("2d");
    const { colours, layout } = this.picture as Picture;
    if (context) {
      drawLook(context, look, size, layout.size >= INITIALS_PX, colours);
    }
    this.looks.set(key, made);
    return made;
  }

  private letter(
    context: CanvasRenderingContext2D,
    entry: Entry,
    look: Look,
    x: number,
    y: number,
    size: number,
  ): void {
    const { layout, ratio, colours } = this.picture as Picture;
    if (layout.size < INITIALS_PX) {
      return;
    }
    const role = look.state === "unknown" ? "stale" : look.state;
    context.fillStyle = colours.get(look.needed ? "canvas" : `${role}-text`) ?? "";
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    const written = layout.size >= NAMES_PX ? lines(entry.tile.name) : [initials(entry.tile.name)];
    const letters = Math.round(
      (layout.size >= NAMES_PX ? 11 + (layout.size - NAMES_PX) / 12 : layout.size * 0.24) * ratio,
    );
    context.font = `600 ${letters}px Inter Variable, system-ui, sans-serif`;
    written.forEach((line, number) => {
      const up = (written.length - 1 - number) * letters * 1.2;
      context.fillText(line, x + size / 2, y + size * 0.88 - up, size - 6 * ratio);
    });
  }
}

/** Whether a cell has to be painted again. Most changes are of an app or a time, which no cell shows. */
function isAnother(before: Entry | undefined, now: Entry | undefined): boolean {
  return (
    before?.person !== now?.person ||
    before?.judged.state !== now?.judged.state ||
    (before?.attention == null) !== (now?.attention == null) ||
    before?.tile.name !== now?.tile.name
  );
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  return picked
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}

/** Who is found by typing the beginning of a name or of one of its words; from `after` on, and round. */
export function typedAhead(names: readonly string[], typed: string, after: number): number | null {
  const wanted = fold(typed);
  for (let step = 0; step < names.length; step++) {
    const at = (after + step) % names.length;
    if (` ${fold(names[at] as string)}`.includes(` ${wanted}`)) {
      return at;
    }
  }
  return null;
}

function lines(name: string): string[] {
  const words = name.trim().split(/\s+/);
  return words.length > 1 ? [words[0] as string, words.slice(1).join(" ")] : words;
}
