/** The tree of teams as a list. Pure. */
import type { Team } from "./api";

export interface Placed {
  team: Team;
  /** 0: the top. */
  depth: number;
}

/** Each team below the one above it, in the order in which they are given. One whose parent is missing stands at the top. */
export function placed(teams: readonly Team[]): Placed[] {
  const known = new Set(teams.map(({ id }) => id));
  const under = new Map<number | null, Team[]>();
  for (const team of teams) {
    const parent = team.parent !== null && known.has(team.parent) ? team.parent : null;
    under.set(parent, [...(under.get(parent) ?? []), team]);
  }
  const from = (parent: number | null, depth: number): Placed[] =>
    (under.get(parent) ?? []).flatMap((team) => [{ team, depth }, ...from(team.id, depth + 1)]);
  return from(null, 0);
}

/** This team and all below it. */
export function under(teams: readonly Team[], top: number): Set<number> {
  const found = new Set([top]);
  for (const { team } of placed(teams)) {
    if (team.parent !== null && found.has(team.parent)) {
      found.add(team.id);
    }
  }
  return found;
}

/** Names from below the top down, as an import reads them: `Payments / API`. Of the top, its own. */
export function pathOf(teams: readonly Team[], id: number): string {
  const names: string[] = [];
  for (let at = teams.find((team) => team.id === id); at; at = teams.find((team) => team.id === at?.parent)) {
    if (at.parent !== null || names.length === 0) {
      names.unshift(at.name);
    }
  }
  return names.join(" / ");
}

/** For a list to choose from: deeper teams stand further in. */
export function options(teams: readonly Team[], without: ReadonlySet<number> = new Set()): [string, string][] {
  return placed(teams)
    .filter(({ team }) => !without.has(team.id))
    .map(({ team, depth }) => [String(team.id), `${"\u2003".repeat(depth)}${team.name}`]);
}
