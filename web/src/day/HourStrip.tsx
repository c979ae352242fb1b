import { type KeyboardEvent, type MouseEvent, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useHints } from "../ui/commands";
import { clock } from "../ui/time";
import css from "./HourStrip.module.css";
import type { Piece } from "./hour";
import { pieceSaid } from "./said";

const HOUR_MS = 3_600_000;
const TICK_MS = 900_000;
/** A tick nearer to an edge than this share of the hour would hang over it. */
const EDGE = 0.05;
/** Pieces this long have a hairline after them; shorter ones would be nothing but it. */
const LINED_MS = 45_000;

interface Props {
  pieces: Piece[];
  endMs: number;
  /** The expected hours: the strip is lit within them and shaded outside. */
  lit: { fromMs: number; untilMs: number } | null;
}

/** The last hour as a strip. Its pieces are reached by pointer, and by arrow keys from one to the next; the line below tells of one. */
export function HourStrip({ pieces, endMs, lit }: Props) {
  const { t } = useTranslation("person");
  const hatch = useId();
  const strip = useRef<HTMLDivElement>(null);
  /** Where the keys stand and where the pointer is, as times: the pieces move on while one looks at them. */
  const [keptMs, setKeptMs] = useState<number | null>(null);
  const [pointedMs, setPointedMs] = useState<number | null>(null);
  const startMs = endMs - HOUR_MS;
  const last = pieces.length - 1;
  const at = (ms: number | null) => {
    const index = ms === null ? last : pieces.findIndex((piece) => ms < piece.endMs);
    return index < 0 ? last : index;
  };
  const kept = at(keptMs);
  const toldMs = pointedMs ?? keptMs;
  const told = toldMs === null ? undefined : pieces[at(toldMs)];

  useHints(
    useMemo(() => {
      const where = t("hour.label");
      return [
        { where, title: t("hour.keys.move"), keys: ["←", "→"] },
        { where, title: t("hour.keys.ends"), keys: ["Home", "End"] },
      ];
    }, [t]),
  );

  // The hour moved on under the keys: the focus goes with the moment it stood on.
  useLayoutEffect(() => {
    const focused = strip.current?.contains(document.activeElement) ? document.activeElement : null;
    if (focused && focused.getAttribute("data-piece") !== String(kept)) {
      strip.current?.querySelector<SVGElement>(`[data-piece="${kept}"]`)?.focus();
    }
  }, [kept]);

  function onKey(event: KeyboardEvent) {
    const forth = getComputedStyle(event.currentTarget).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = forth === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    const next = { [forth]: Math.min(kept + 1, last), [back]: Math.max(kept - 1, 0), Home: 0, End: last }[event.key];
    const piece = next === undefined ? undefined : pieces[next];
    if (piece) {
      event.preventDefault();
      setPointedMs(null);
      setKeptMs((piece.startMs + piece.endMs) / 2);
    }
  }

  function momentOf(event: MouseEvent<HTMLElement>): number {
    const { left, right, width } = event.currentTarget.getBoundingClientRect();
    const rtl = getComputedStyle(event.currentTarget).direction === "rtl";
    return startMs + ((rtl ? right - event.clientX : event.clientX - left) / width) * HOUR_MS;
  }

  const share = (ms: number) => `${(100 * (Math.min(Math.max(ms, startMs), endMs) - startMs)) / HOUR_MS}%`;
  const wide = (fromMs: number, untilMs: number) => `${(100 * (untilMs - fromMs)) / HOUR_MS}%`;
  const [litFromMs, litUntilMs] = [Math.max(lit?.fromMs ?? endMs, startMs), Math.min(lit?.untilMs ?? 0, endMs)];
  const ticks = Array.from({ length: 4 }, (_, i) => Math.ceil(startMs / TICK_MS) * TICK_MS + i * TICK_MS).filter(
    (ms) => ms - startMs > EDGE * HOUR_MS && endMs - ms > EDGE * HOUR_MS,
  );
  return (
    <div className={css.hour}>
      <div
        ref={strip}
        className={css.pieces}
        role="listbox"
        aria-orientation="horizontal"
        aria-label={t("hour.label")}
        onKeyDown={onKey}
        onPointerMove={(event) => setPointedMs(momentOf(event))}
        onPointerLeave={() => setPointedMs(null)}
        onClick={(event) => setKeptMs(momentOf(event))}
      >
        <svg className={css.strip} role="none">
          <defs>
            <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <path className={css.line} d="M0 0v6" />
            </pattern>
          </defs>
          <rect className={css.night} width="100%" height="100%" rx="3" />
          {litUntilMs > litFromMs && (
            <rect className={css.lit} x={share(litFromMs)} width={wide(litFromMs, litUntilMs)} height="100%" rx="3" />
          )}
          {pieces.map((piece, i) => {
            const x = share(piece.startMs);
            const length = piece.endMs - piece.startMs;
            const width = wide(piece.startMs, piece.endMs);
            return (
              <g
                // biome-ignore lint/suspicious/noArrayIndexKey: a piece that moved on keeps its element, and the focus in it
                key={i}
                role="option"
                aria-selected={i === kept}
                aria-label={pieceSaid(piece)}
                tabIndex={i === kept ? 0 : -1}
                data-piece={i}
                onFocus={() => setKeptMs((piece.startMs + piece.endMs) / 2)}
              >
                {piece.kind === "judged" ? (
                  <rect
                    className={`${css.judged} s-${piece.state}`}
                    x={x}
                    y="4"
                    style={{ width: length > LINED_MS ? `calc(${width} - 1px)` : width }}
                  />
                ) : (
                  <rect className={css.gap} data-why={piece.why} x={x} y="4" width={width} fill={`url(#${hatch})`} />
                )}
              </g>
            );
          })}
          {told && (
            <rect
              className={css.frame}
              x={share(told.startMs)}
              y="1"
              style={{ width: wide(told.startMs, told.endMs) }}
            />
          )}
        </svg>
      </div>
      <div className={css.ticks} aria-hidden="true">
        {ticks.map((ms) => (
          <span key={ms} style={{ insetInlineStart: share(ms) }}>
            {clock(ms)}
          </span>
        ))}
      </div>
      <p className={css.told}>{told ? pieceSaid(told) : t("hour.hint")}</p>
    </div>
  );
}
