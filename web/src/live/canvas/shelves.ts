/** Who stands on which shelf of the canvas wall, from the sections and the tree of teams. Pure. */
import type { Section } from "../arrange";
import type { Board } from "../board";

export interface Group {
  key: string;
  /** `null`: the page knows a word for it. */
  team: number | null;
  section: Section;
  people: number[];
}

/** One below the other. Without a team it has no heading of its own: it is a flow of groups. */
export interface Shelf {
  key: string;
  team: number | null;
  groups: Group[];
}

/**
 * By team: a shelf for each child of the root that has teams below it, and one flow of all other teams; solid cells say who needs
 * attention, so nobody leaves their team for it. By state or ungrouped: the sections, as they are.
 */
export function shelvesOf(board: Board, sections: Section[]): Shelf[] {
  const byTeam = sections.find(({ kind }) => kind !== "attention")?.kind ?? "team";
  if (byTeam !== "team") {
    return [flow(sections.map((section) => ({ key: section.key, team: null, section, people: section.people })))];
  }
  const shelves = new Map<number, Group[]>();
  for (const group of inTeams(board, sections)) {
    const top = topOf(board, group.team as number);
    shelves.set(top, [...(shelves.get(top) ?? []), group]);
  }
  const peopled = [...shelves].filter(([, groups]) => groups.length > 1);
  const alone = [...shelves.values()].filter((groups) => groups.length === 1).flat();
  return [
    ...peopled.map(([team, groups]): Shelf => ({ key: `shelf/${team}`, team, groups })),
    ...(alone.length > 0 ? [flow(alone)] : []),
  ];
}

function flow(groups: Group[]): Shelf {
  return { key: "flow", team: null, groups };
}

/** Each team with all who are shown of it, those from the attention section again among the others. */
function inTeams(board: Board, sections: Section[]): Group[] {
  const above = new Set(sections.filter(({ kind }) => kind === "attention").flatMap(({ people }) => people));
  const byTeam = new Map(sections.map((section) => [section.team, section]));
  const groups: Group[] = [];
  for (const { id, people } of board.teams.values()) {
    const section = byTeam.get(id);
    const staying = section?.people ?? [];
    const back = above.size > 0 ? people.filter((person) => above.has(person)) : [];
    if (staying.length + back.length > 0) {
      const shown = new Set([...staying, ...back]);
      groups.push({
        key: `team/${id}`,
        team: id,
        section: section ?? {
          key: `team/${id}`,
          kind: "team",
          team: id,
          state: null,
          people: back,
          total: people.length,
        },
        people: back.length > 0 ? people.filter((person) => shown.has(person)) : staying,
      });
    }
  }
  return groups;
}

/** The team on whose shelf this one stands: the child of the only root above it, or the root where there are several. */
function topOf(board: Board, team: number): number {
  const roots = [...board.teams.values()].filter(({ parent }) => parent === null || !board.teams.has(parent));
  const only = roots.length === 1 ? roots[0]?.id : undefined;
  let top = team;
  const passed = new Set<number>();
  for (;;) {
    const parent = board.teams.get(top)?.parent ?? null;
    if (parent === null || parent === only || !board.teams.has(parent) || passed.has(parent)) {
      return top;
    }
    passed.add(parent);
    top = parent;
  }
}
