/** What the hub finds wrong with a form, and the way to it. */
import type { Problem } from "../http/request";

/** To the first box with a mistake, once the page shows it. */
export function focusOn(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}

/** The hub's own words for one of these fields; `null` when the problem is about something else. */
export function fieldOf<Name extends string>(problem: Problem, fields: readonly Name[]): Name | null {
  const named = problem.field?.split(/[.[]/)[0];
  return fields.find((field) => field === named) ?? null;
}

export function wordsOf(problem: Problem): string {
  return problem.detail || problem.title;
}
