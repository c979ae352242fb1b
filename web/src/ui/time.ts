/** How long, as people say it: `12 s`, `26 min`, `1 h 32`, `3 d`. Below zero (clocks differ a little) is `0 s`. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) {
    return `${s} s`;
  }
  const min = Math.floor(s / 60);
  if (min < 60) {
    return `${min} min`;
  }
  const h = Math.floor(min / 60);
  if (h < 24) {
    return `${h} h ${String(min % 60).padStart(2, "0")}`;
  }
  return `${Math.floor(h / 24)} d`;
}

/** Hours and whole minutes of something that is summed: `8 h 12`, `0 h 00`. */
export function hoursMinutes(seconds: number): string {
  const min = Math.floor(seconds / 60);
  return `${Math.floor(min / 60)} h ${String(min % 60).padStart(2, "0")}`;
}

/** Minutes and seconds left: `9:58`. */
export function countdown(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
