import type { Team } from "./api";

export interface Placed {
  team: Team;
  depth: number;
  /** The teams above it, nearest last. */
  above: number[];
}

/** Teams in the order of their tree: each below the one that it lies under. */
export function inTree(teams: readonly Team[]): Placed[] {
  const known = new Set(teams.map((team) => team.id));
  const under = (team: Team) => (team.parent !== null && known.has(team.parent) ? team.parent : null);
  const place = (parent: number | null, above: number[]): Placed[] =>
    teams
      .filter((team) => under(team) === parent)
      .flatMap((team) => [{ team, depth: above.length, above }, ...place(team.id, [...above, team.id])]);
  return place(null, []);
}
