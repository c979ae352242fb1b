import type { State } from "./StateMark";

/** Icons on a 16-pixel grid, painted with the text's colour. The state icons differ in outline, so they are told apart without colour. */
interface Shape {
  d: string;
  /** Width of the line; a shape without one is filled. */
  line?: number;
  dashed?: boolean;
}

const SHAPES = {
  active: { d: "M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z" },
  passive: { d: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.3 5.2v5.6L11 8z" },
  idle: { d: "M2.6 8a5.4 5.4 0 1 0 10.8 0a5.4 5.4 0 1 0 -10.8 0zM8 5v3.2l2 1.3", line: 1.7 },
  locked: {
    d: "M4.6 7V5.4a3.4 3.4 0 0 1 6.8 0V7h.4c.7 0 1.2.5 1.2 1.2v4.6c0 .7-.5 1.2-1.2 1.2H4.2c-.7 0-1.2-.5-1.2-1.2V8.2C3 7.5 3.5 7 4.2 7zm1.6 0h3.6V5.4a1.8 1.8 0 0 0-3.6 0z",
  },
  break: {
    d: "M2.5 5h9v1h.7a2.5 2.5 0 0 1 0 5h-1.1a4 4 0 0 1-3.6 2.5h-1A4 4 0 0 1 2.5 9.5zm9 2.5v2h.7a1 1 0 0 0 0-2zM4.5 1.5h1.3v2H4.5zm3.2 0H9v2H7.7z",
  },
  private: {
    d: "M2 8.5C3.4 5.9 5.5 4.5 8 4.5s4.6 1.4 6 4c-1.4 2.5-3.5 3.8-6 3.8S3.4 11 2 8.5zM3 13.5l10-11",
    line: 1.7,
  },
  offline: { d: "M2.8 8a5.2 5.2 0 1 0 10.4 0a5.2 5.2 0 1 0 -10.4 0zM4.4 11.6l7.2-7.2", line: 1.6 },
  stale: { d: "M2.6 8a5.4 5.4 0 1 0 10.8 0a5.4 5.4 0 1 0 -10.8 0z", line: 1.7, dashed: true },
  attention: {
    d: "M7 2.2a1.15 1.15 0 0 1 2 0l5.3 9.6c.4.8-.1 1.7-1 1.7H2.7c-.9 0-1.4-.9-1-1.7zM7.2 5.6l.25 3.8h1.1l.25-3.8zm.8 4.7a.9.9 0 1 0 0 1.8.9.9 0 0 0 0-1.8z",
  },
  live: { d: "M2 9.5h2.5L6.5 4l3 8 1.8-4.5H14", line: 1.5 },
  people: {
    d: "M3.5 5.5a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0zM1.8 13c.4-2.3 2-3.7 4.2-3.7s3.8 1.4 4.2 3.7M10.5 3.3a2.5 2.5 0 0 1 0 4.5M12 9.7c1.3.6 2 1.7 2.3 3.3",
    line: 1.5,
  },
  screen: {
    d: "M3 2.8h10a1.2 1.2 0 0 1 1.2 1.2v6a1.2 1.2 0 0 1 -1.2 1.2h-10a1.2 1.2 0 0 1 -1.2 -1.2v-6a1.2 1.2 0 0 1 1.2 -1.2zM5.5 13.7h5",
    line: 1.5,
  },
  search: { d: "M2.5 7a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0zM10.5 10.5L14 14", line: 1.5 },
  sun: {
    d: "M5.2 8a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0 -5.6 0zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
    line: 1.5,
  },
  down: { d: "M4.5 6.5L8 10l3.5-3.5", line: 1.5 },
  close: { d: "M4 4l8 8M12 4l-8 8", line: 1.5 },
  ledger: {
    d: "M1.8 8C3.2 5.2 5.3 3.8 8 3.8S12.8 5.2 14.2 8c-1.4 2.8-3.5 4.2-6.2 4.2S3.2 10.8 1.8 8zM6 8a2 2 0 1 0 4 0a2 2 0 1 0 -4 0z",
    line: 1.5,
  },
  check: { d: "M3.5 8.5l3 3 6-7", line: 2 },
  mail: { d: "M2.2 3.8h11.6v8.4H2.2zM2.4 4.3L8 8.9l5.6-4.6", line: 1.5 },
  key: { d: "M2.5 8a3 3 0 1 0 6 0a3 3 0 1 0 -6 0zM8.5 8H14v2.5M11.5 8v2", line: 1.5 },
  plus: { d: "M8 3v10M3 8h10", line: 1.5 },
  copy: {
    d: "M6.5 5.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1zM3.5 10.5a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1",
    line: 1.5,
  },
  admin: {
    d: "M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M8.1 4.5a1.9 1.9 0 1 0 3.8 0a1.9 1.9 0 1 0 -3.8 0M4.1 11.5a1.9 1.9 0 1 0 3.8 0a1.9 1.9 0 1 0 -3.8 0",
    line: 1.5,
  },
  download: { d: "M8 2.5v7M5 7l3 3 3-3M3 13h10", line: 1.5 },
  me: {
    d: "M8 1.8l5 1.9v3.8c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.7V3.7zM6.4 6.6a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0zM5.5 10.7c.5-1.2 1.4-1.7 2.5-1.7s2 .5 2.5 1.7",
    line: 1.5,
  },
  language: {
    d: "M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0zM2.3 6h11.4M2.3 10h11.4M8 2c-1.8 1.7-2.6 3.7-2.6 6s.8 4.3 2.6 6c1.8-1.7 2.6-3.7 2.6-6S9.8 3.7 8 2z",
    line: 1.3,
  },
  keyboard: {
    d: "M2.5 4h11a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM4.3 6.7h.1M6.8 6.7h.1M9.3 6.7h.1M11.7 6.7h.1M5.5 9.5h5",
    line: 1.4,
  },
  out: { d: "M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M6.5 8h7M10.8 5.2L13.5 8l-2.7 2.8", line: 1.5 },
  recent: { d: "M2.9 9.5a5.3 5.3 0 1 0 .3-3.5M2.5 3v3.2h3.2M8 5.2v3l2 1.2", line: 1.5 },
  moon: { d: "M9.5 2.2A6 6 0 1 0 13.8 10 5 5 0 0 1 9.5 2.2z", line: 1.5 },
  cards: {
    d: "M2.8 2.5h3.4a.8.8 0 0 1 .8.8v2.9a.8.8 0 0 1-.8.8H2.8a.8.8 0 0 1-.8-.8V3.3a.8.8 0 0 1 .8-.8zM9.8 2.5h3.4a.8.8 0 0 1 .8.8v2.9a.8.8 0 0 1-.8.8H9.8a.8.8 0 0 1-.8-.8V3.3a.8.8 0 0 1 .8-.8zM2.8 9h3.4a.8.8 0 0 1 .8.8v2.9a.8.8 0 0 1-.8.8H2.8a.8.8 0 0 1-.8-.8V9.8a.8.8 0 0 1 .8-.8zM9.8 9h3.4a.8.8 0 0 1 .8.8v2.9a.8.8 0 0 1-.8.8H9.8a.8.8 0 0 1-.8-.8V9.8a.8.8 0 0 1 .8-.8z",
    line: 1.5,
  },
  rows: { d: "M2 3.5h12M2 6.5h12M2 9.5h12M2 12.5h12", line: 1.5 },
  wall: {
    d: "M2 2h3v3H2zM6.5 2h3v3h-3zM11 2h3v3h-3zM2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3zM2 11h3v3H2zM6.5 11h3v3h-3zM11 11h3v3h-3z",
  },
  table: { d: "M3 2.5h10a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM2 6h12M6.5 6v7.5", line: 1.5 },
  tv: {
    d: "M2 5.5V3a1 1 0 0 1 1-1h2.5M10.5 2H13a1 1 0 0 1 1 1v2.5M14 10.5V13a1 1 0 0 1-1 1h-2.5M5.5 14H3a1 1 0 0 1-1-1v-2.5",
    line: 1.5,
  },
  pause: { d: "M4 3h2.6v10H4zM9.4 3H12v10H9.4z" },
  play: { d: "M4.5 2.8v10.4L13 8z" },
  edit: { d: "M3 13l.6-2.7 7-7 2.1 2.1-7 7z", line: 1.5 },
  bin: { d: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.5M9.2 7v3.5", line: 1.4 },
  columns: { d: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10", line: 1.5 },
  bookmark: { d: "M4 2.5h8a.8.8 0 0 1 .8.8v10.2L8 10.4l-4.8 3.1V3.3a.8.8 0 0 1 .8-.8z", line: 1.5 },
} satisfies Record<string, Shape>;

export type IconName = keyof typeof SHAPES;

/** The shapes of states, for who draws without a document. */
export const STATE_SHAPES: Record<Exclude<State, "unknown">, Shape> = SHAPES;

/** Decoration beside a word: hidden from screen readers. A plain svg, since a wall draws hundreds. */
export function Icon({
  name,
  size = 16,
  className,
}: {
  name: IconName;
  size?: number;
  className?: string | undefined;
}) {
  const { d, line, dashed }: Shape = SHAPES[name];
  return (
    <svg className={className} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {line ? (
        <path
          d={d}
          fill="none"
          stroke="currentColor"
          strokeWidth={line}
          strokeLinecap="round"
          strokeLinejoin="round"
          strokeDasharray={dashed ? "2.3 2.4" : undefined}
        />
      ) : (
        <path d={d} fill="currentColor" fillRule="evenodd" />
      )}
    </svg>
  );
}
