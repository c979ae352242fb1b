/** Nothing jumps under the pointer: the order stands while somebody points at the wall or has the focus on it. Pure. */
import type { Section } from "./arrange";

/**
 * `now` in the order of `before`: who was shown stays where they were, though the filter may no longer match them, or another section
 * be theirs by now; who is new comes last in their section. `present` says who is still on the wall at all.
 */
export function hold(before: Section[], now: Section[], present: (person: number) => boolean): Section[] {
  const standing = new Set(before.flatMap((section) => section.people));
  const fresh = new Map(now.map((section) => [section.key, section.people.filter((person) => !standing.has(person))]));
  const totals = new Map(now.map((section) => [section.key, section.total]));
  const kept = before.map((section) => ({
    ...section,
    people: section.people.filter(present).concat(fresh.get(section.key) ?? []),
    total: totals.get(section.key) ?? section.total,
  }));
  const keys = new Set(before.map((section) => section.key));
  const added = now
    .filter((section) => !keys.has(section.key))
    .map((section) => ({ ...section, people: fresh.get(section.key) ?? [] }));
  return [...kept, ...added].filter((section) => section.people.length > 0);
}
