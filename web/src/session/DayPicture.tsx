import css from "./DayPicture.module.css";

/** 620 units for the 14 hours from 6:00. */
const x = (hour: number) => ((hour - 6) / 14) * 620;

const PIECES: [state: string, from: number, to: number][] = [
  ["active", 8.95, 9.62],
  ["passive", 9.62, 9.95],
  ["active", 9.95, 11.1],
  ["idle", 11.1, 11.25],
  ["active", 11.25, 12.07],
  ["break", 12.07, 12.85],
  ["active", 12.85, 14.1],
  ["passive", 14.1, 14.53],
];

/** A working day under the arc of the sun. Decoration: it shows nobody's data. */
export function DayPicture() {
  return (
    <svg className={css.picture} viewBox="0 0 620 236" aria-hidden="true" focusable="false">
      <path
        d="M44.3 176C206.7 -18 369.0 -18 531.4 176"
        fill="none"
        stroke="var(--n-300)"
        strokeWidth="1.5"
        strokeDasharray="1 6"
        strokeLinecap="round"
      />
      <path d="M377.8 64.3V176" stroke="var(--sun)" strokeWidth="1.5" />
      <circle cx="377.8" cy="50.3" r="11" fill="var(--sun)" />
      <rect y="176" width="620" height="28" rx="4" fill="var(--night)" />
      <rect x={x(9)} y="176" width={x(17.5) - x(9)} height="28" fill="var(--sunken)" />
      {PIECES.map(([state, from, to]) => (
        <rect
          key={from}
          x={x(from) + 0.5}
          y="180"
          width={x(to) - x(from) - 1.5}
          height="20"
          rx="2"
          fill={`var(--${state})`}
        />
      ))}
      {[6, 8, 10, 12, 14, 16, 18, 20].map((hour) => (
        <text key={hour} x={x(hour)} y="224" textAnchor={hour === 6 ? "start" : hour === 20 ? "end" : "middle"}>
          {hour}:00
        </text>
      ))}
    </svg>
  );
}
