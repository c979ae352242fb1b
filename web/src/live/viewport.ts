/** What is asked of the hub, and where: all that may be seen, those in the window first, after a lost connection and after a reload. */
import type { Subscribe } from "../wire.gen";

/** As the hub takes them. */
const VIEWPORT_MAX = 1_000;
const KEY = "daylight-viewport";

export function addressOf({ protocol, host }: Location): string {
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/live`;
}

export function wanted(): Subscribe {
  const people = viewport();
  return people.length > 0 ? { t: "subscribe", viewport: people } : { t: "subscribe" };
}

/** Who is in the window now; before anybody is drawn, who was when the page was left. */
function viewport(): number[] {
  const now = onScreen();
  return now.length > 0 ? now : remembered();
}

/** For this tab only, and only who: what they do is never kept. */
export function rememberViewport(): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(onScreen()));
  } catch {
    // Storage may be forbidden: then all come in the hub's order.
  }
}

/** At a sign-out: nobody else asks for them. */
export function forgetViewport(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then there is nothing to forget.
  }
}

function onScreen(): number[] {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-person]")].filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return bottom >= 0 && top <= innerHeight;
  });
  return [...new Set(rows.map((row) => Number(row.dataset.person)))].slice(0, VIEWPORT_MAX);
}

function remembered(): number[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(Number.isSafeInteger).slice(0, VIEWPORT_MAX) : [];
  } catch {
    return [];
  }
}
