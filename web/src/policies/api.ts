import type { Hours } from "../forms/hours";
import { api } from "../http/api";
import { FIELDS, type Field, type Kind, type Period } from "../policy/api";

export type { Field, Kind };

/** What one place sets; what is not there is inherited. */
export interface Settings extends Partial<Record<Kind, boolean>>, Partial<Record<Period, number>> {
  idle_limit_s?: number;
  /** All days from 0 to 1440: at any time. */
  hours?: Hours;
  private_time?: boolean;
  look_reason?: boolean;
}

export type Ceiling = Record<Kind, boolean>;

export interface Source {
  scope: "default" | "ceiling" | "organisation" | "team" | "person";
  team: number | null;
}

export interface Effective extends Ceiling, Record<Period, number> {
  idle_limit_s: number;
  hours: Hours | null;
  private_time: boolean;
  look_reason: boolean;
  sources: Record<Field, Source>;
}

interface Set {
  settings: Settings;
  version: number;
  effective: Effective;
}

export interface TeamPolicy extends Set {
  id: number;
  name: string;
  parent: number | null;
  people: number;
}

export interface PersonException extends Set {
  id: number;
  name: string;
  team: number | null;
}

interface Named {
  id: number;
  name: string;
}

export interface Change {
  id: number;
  at: string;
  by: Named | null;
  scope: Scope | "ceiling";
  about: Named | null;
  old: Settings;
  new: Settings;
  reason: string;
  state: "made" | "proposed" | "signed" | "refused" | "withdrawn";
  decided_by: Named | null;
  decided_at: string | null;
}

export interface Policies {
  organisation: Set;
  teams: TeamPolicy[];
  people: PersonException[];
  ceiling: Ceiling;
  ceiling_version: number;
  proposal: Change | null;
  representatives: number;
  unavailable: ("site" | "calls" | "screenshots")[];
}

export type Scope = "organisation" | "team" | "person";

export interface Wanted {
  scope: Scope;
  place: number | null;
  policy: Settings;
}

export interface Difference {
  people: number;
  devices: number;
  widens: Field[];
  asked: number;
  without_app_min: number | null;
  idle_min: number | null;
  outside_percent: number | null;
  without_titles: number | null;
  without_counts: number | null;
  /** Fields of which it can't be told what another setting would have meant. */
  untold: Field[];
  removes: Removal[];
}

/** What a shorter period would have removed; `since` and `records` where it may be said. */
export interface Removal {
  period: Period;
  days: number;
  people: number;
  since: string | null;
  records: number | null;
}

/** As many records as are counted. */
export const COUNTED_MAX = 200_000;

/** Where a policy is set, with all that its form needs. */
export interface Place extends Set {
  scope: Scope;
  id: number | null;
  name: string;
  /** What it inherits where it sets nothing. */
  above: Effective;
}

/** Whether no agent can capture it yet. */
export function isAway(kind: Kind, { unavailable }: Policies): boolean {
  return (unavailable as string[]).includes(kind);
}

export const AT_ANY_TIME: Hours = { days: [0, 1, 2, 3, 4, 5, 6], from_min: 0, until_min: 1440 };

/** What stands where nothing at all is set. */
const DEFAULT: Effective = {
  app: true,
  site: false,
  title: false,
  input_counts: false,
  idle_limit_s: 300,
  hours: null,
  private_time: true,
  look_reason: false,
  title_days: 365,
  app_days: 365,
  count_days: 365,
  activity_days: 365,
  sum_days: 730,
  sources: Object.fromEntries(FIELDS.map((field) => [field, { scope: "default", team: null }])) as Effective["sources"],
};

export function everybody(policies: Policies, name: string): Place {
  const above = { ...DEFAULT, app: policies.ceiling.app };
  return { ...policies.organisation, scope: "organisation", id: null, name, above };
}

export function teamPlace(policies: Policies, id: number): Place | null {
  const team = policies.teams.find((each) => each.id === id);
  return team ? { ...team, scope: "team", above: effectiveOf(policies, team.parent) } : null;
}

/** Also of somebody for whom nothing is set, if their name and team are known. */
export function personPlace(
  policies: Policies,
  id: number,
  known?: { name: string; team: Named | null },
): Place | null {
  const person = policies.people.find((each) => each.id === id);
  if (person) {
    return { ...person, scope: "person", above: effectiveOf(policies, person.team) };
  }
  const above = effectiveOf(policies, known?.team?.id ?? null);
  return known ? { scope: "person", id, name: known.name, settings: {}, version: 0, effective: above, above } : null;
}

function effectiveOf(policies: Policies, team: number | null): Effective {
  return (policies.teams.find((each) => each.id === team) ?? policies.organisation).effective;
}

interface Found {
  people: { id: number; name: string; team: Named | null }[];
}

const policiesApi = api.enhanceEndpoints({ addTagTypes: ["Policies"] }).injectEndpoints({
  endpoints: (build) => ({
    policies: build.query<Policies, void>({ query: () => ({ path: "/api/policies" }), providesTags: ["Policies"] }),
    policyHistory: build.infiniteQuery<{ changes: Change[]; more: boolean }, void, number | null>({
      infiniteQueryOptions: {
        initialPageParam: null,
        getNextPageParam: ({ changes, more }) => (more ? changes.at(-1)?.id : undefined),
      },
      query: ({ pageParam }) => ({
        path: `/api/policies/history${pageParam === null ? "" : `?before=${pageParam}`}`,
      }),
      providesTags: ["Policies"],
    }),
    difference: build.query<Difference, Wanted>({
      query: (body) => ({ path: "/api/policies/preview", method: "POST", body }),
      keepUnusedDataFor: 0,
      providesTags: ["Policies"],
    }),
    ceilingDifference: build.query<Difference, Ceiling>({
      query: (body) => ({ path: "/api/policies/ceiling/preview", method: "POST", body }),
      keepUnusedDataFor: 0,
      providesTags: ["Policies"],
    }),
    changePolicy: build.mutation<{ version: number }, Wanted & { version: number; reason: string }>({
      query: (body) => ({ path: "/api/policies", method: "PUT", body }),
      invalidatesTags: (done) => (done ? ["Policies", "Policy"] : []),
    }),
    changeCeiling: build.mutation<{ in_force: boolean }, { ceiling: Ceiling; version: number; reason: string }>({
      query: (body) => ({ path: "/api/policies/ceiling", method: "PUT", body }),
      invalidatesTags: (done) => (done ? ["Policies", "Policy"] : []),
    }),
    signCeiling: build.mutation<null, { id: number; sign: boolean }>({
      query: ({ id, sign }) => ({ path: `/api/policies/ceiling/${id}/signature`, method: "POST", body: { sign } }),
      invalidatesTags: ["Policies", "Policy", "Me"],
    }),
    withdrawCeiling: build.mutation<null, number>({
      query: (id) => ({ path: `/api/policies/ceiling/${id}`, method: "DELETE" }),
      invalidatesTags: ["Policies"],
    }),
    findPeople: build.query<Found, string>({
      query: (find) => ({ path: `/api/people?${new URLSearchParams({ find, state: "active", limit: "8" })}` }),
      keepUnusedDataFor: 0,
    }),
    whois: build.query<{ id: number; name: string; team: Named | null }, number>({
      query: (id) => ({ path: `/api/people/${id}` }),
    }),
  }),
});

export const {
  usePoliciesQuery,
  usePolicyHistoryInfiniteQuery,
  useDifferenceQuery,
  useCeilingDifferenceQuery,
  useChangePolicyMutation,
  useChangeCeilingMutation,
  useSignCeilingMutation,
  useWithdrawCeilingMutation,
  useFindPeopleQuery,
  useWhoisQuery,
} = policiesApi;
