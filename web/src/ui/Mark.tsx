/** The sun over the horizon. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 28 28" aria-hidden="true" focusable="false">
      <path d="M4 19a10 10 0 0 1 20 0" fill="none" stroke="var(--ink)" strokeWidth="2" strokeLinecap="round" />
      <circle cx="14" cy="16" r="4.5" fill="var(--sun)" />
      <path d="M2.5 22.5h23" stroke="var(--ink)" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
