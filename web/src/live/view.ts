/** What of the wall is shown, and how: all of it in the address, so that a copied link shows the same. Pure. */
import { type Filter, GROUPS, type Grouping, SORTS, type Sort } from "./arrange";
import { type ColumnKey, columnsNamed } from "./columns";
import { STATES } from "./wall";

export const DENSITIES = ["cards", "rows", "wall", "table"] as const;
export type Density = (typeof DENSITIES)[number];

export interface View {
  /** `null`: as many people ask for. */
  density: Density | null;
  filter: Filter;
  sort: Sort;
  /** The other way round: `-` in front of it in the address. */
  reversed: boolean;
  grouping: Grouping;
  kiosk: boolean;
  person: number | null;
  /** Of the table; `null`: those that this browser had last. */
  columns: ColumnKey[] | null;
}

export type Key = "view" | "state" | "find" | "team" | "app" | "sort" | "group" | "kiosk" | "person" | "columns";

/** Not of a view that is kept or shared: who was open in it, and that it filled a screen. */
const PASSING: Key[] = ["person", "kiosk"];

const CARDS_MAX = 150;
/** More than these don't fit a few screens of rows. */
const ROWS_MAX = 500;

export function densityFor(people: number): Density {
  return people <= CARDS_MAX ? "cards" : people <= ROWS_MAX ? "rows" : "wall";
}

/** What an address says; what it says of anything unknown is not heard. */
export function viewOf(params: URLSearchParams): View {
  const state = params.get("state");
  const sort = params.get("sort") ?? "";
  return {
    density: known(DENSITIES, params.get("view")),
    filter: {
      state: state === "attention" ? state : known(STATES, state),
      text: params.get("find") ?? "",
      team: id(params.get("team")),
      app: params.get("app") || null,
    },
    sort: known(SORTS, sort.replace(/^-/, "")) ?? "attention",
    reversed: sort.startsWith("-"),
    grouping: known(GROUPS, params.get("group")) ?? "team",
    kiosk: params.has("kiosk"),
    person: id(params.get("person")),
    columns: params.has("columns") ? columnsNamed(params.get("columns")?.split(",") ?? []) : null,
  };
}

/** The address with these changes; `null` takes a key out. */
export function changed(params: URLSearchParams, changes: Partial<Record<Key, string | null>>): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "") {
      next.delete(key);
    } else {
      next.set(key, value);
    }
  }
  return next;
}

/** What is kept of a view: its query, in one order, so that two addresses of the same view are equal. */
export function queryOf(params: URLSearchParams): string {
  const kept = new URLSearchParams(params);
  for (const key of PASSING) {
    kept.delete(key);
  }
  kept.sort();
  return kept.toString();
}

export function isFiltered({ state, text, team, app }: Filter): boolean {
  return state !== null || text.trim() !== "" || team !== null || app !== null;
}

function known<Word extends string>(words: readonly Word[], said: string | null): Word | null {
  return words.find((word) => word === said) ?? null;
}

function id(said: string | null): number | null {
  return said !== null && /^[1-9]\d{0,14}$/.test(said) ? Number(said) : null;
}
