import type { Hours } from "../forms/hours";
import { api } from "../http/api";
import { language } from "../i18n/i18n";
import type { AboutForm, HeldZone, Locale } from "../profile/api";

export interface Named {
  id: number;
  name: string;
}

export const ROLES = ["manager", "admin", "auditor", "representative"] as const;
export type Role = (typeof ROLES)[number];

export type Way = "password" | "passkey" | "sign_on";

export interface HeldRole {
  role: Role;
  /** A manager's. */
  team: Named | null;
}

export interface Person {
  id: number;
  name: string;
  email: string;
  zone: string;
  locale: Locale | null;
  working_hours: Hours | null;
  /** Where they are at home; of somebody deactivated, where they were. */
  team: Named | null;
  roles: HeldRole[];
  /** How they sign in; empty: not yet. */
  ways: Way[];
  simulated: boolean;
  deactivated_at: string | null;
  version: number;
}

export interface Profile extends Person {
  /** Newest first. */
  zones: HeldZone[];
  created_at: string;
  second_factor: boolean;
  /** In how many browsers they are signed in. */
  sessions: number;
  /** Newest first. */
  stays: { team: Named; since_at: string; until_at: string | null }[];
}

export const ROLE_FILTERS = ["any", "none", ...ROLES] as const;
/** `new`: of the active ones, those who may sign in and have no way to yet. */
export const STATES = ["active", "new", "deactivated", "all"] as const;

export interface Filter {
  find: string;
  /** A team with all below it; 0: in none; `null`: all. */
  team: number | null;
  role: (typeof ROLE_FILTERS)[number];
  state: (typeof STATES)[number];
}

export interface PeoplePage {
  people: Person[];
  after: string | null;
  active: number;
  new: number;
  deactivated: number;
}

/** How somebody stands with the link by which they set a password. */
export interface LinkState {
  /** What one would be for now. */
  purpose: "invitation" | "reset";
  /** Otherwise it is shown. */
  by_mail: boolean;
  /** Of the one that is open. */
  expires_at: string | null;
  mail: {
    state: "queued" | "handed" | "sent" | "refused" | "failed" | "unclear" | "void";
    queued_at: string;
    error: string;
  } | null;
  /** The link itself, this once, where no mail is set up. */
  url: string | null;
}

export interface Invited {
  person: number;
  name: string;
  email: string;
  /** As in `LinkState`. */
  url: string | null;
}

export interface NewPerson {
  name: string;
  email: string;
  zone?: string;
  locale: Locale | null;
  working_hours: Hours | null;
  team: number | null;
}

export interface Move {
  person: number;
  out_of: number | null;
  into: number | null;
}

export interface Team {
  id: number;
  name: string;
  parent: number | null;
  people: number;
  below: number;
  managers: Named[];
  version: number;
}

export type TeamForm = Pick<Team, "name" | "parent" | "version">;

/** As many as the hub takes at once. */
export const AT_ONCE = 200;
const SHOWN = 100;

export function pathOf(filter: Filter, after: string | null, limit = SHOWN): string {
  const { find, team, role, state } = filter;
  const asked = new URLSearchParams({ find, role, state, limit: String(limit) });
  if (team !== null) {
    asked.set("team", String(team));
  }
  if (after !== null) {
    asked.set("after", after);
  }
  return `/api/people?${asked}`;
}

const peopleApi = api.enhanceEndpoints({ addTagTypes: ["Person", "Team", "Link"] }).injectEndpoints({
  endpoints: (build) => ({
    people: build.infiniteQuery<PeoplePage, Filter, string | null>({
      infiniteQueryOptions: { initialPageParam: null, getNextPageParam: ({ after }) => after ?? undefined },
      query: ({ queryArg, pageParam }) => ({ path: pathOf(queryArg, pageParam) }),
      providesTags: ["Person"],
    }),
    peopleAfter: build.query<PeoplePage, { filter: Filter; after: string | null }>({
      query: ({ filter, after }) => ({ path: pathOf(filter, after, AT_ONCE) }),
    }),
    person: build.query<Profile, number>({
      query: (id) => ({ path: `/api/people/${id}` }),
      providesTags: ["Person"],
    }),
    addPerson: build.mutation<Profile, NewPerson>({
      query: (body) => ({ path: "/api/people", method: "POST", body }),
      invalidatesTags: ["Person", "Team"],
    }),
    changePerson: build.mutation<Profile, { id: number; form: AboutForm }>({
      query: ({ id, form }) => ({ path: `/api/people/${id}`, method: "PUT", body: form }),
      // Shown before the form lets go of what was typed.
      async onQueryStarted({ id }, { dispatch, queryFulfilled }) {
        const answer = await queryFulfilled.catch(() => null);
        if (answer) {
          dispatch(peopleApi.util.updateQueryData("person", id, () => answer.data));
        }
      },
      // Also when it was refused: what is there now is to be shown. It may be oneself.
      invalidatesTags: (_, error) => (error ? ["Person"] : ["Person", "Me"]),
    }),
    movePeople: build.mutation<null, Move[]>({
      query: (moves) => ({ path: "/api/people/move", method: "POST", body: { moves } }),
      invalidatesTags: ["Person", "Team"],
    }),
    deactivatePeople: build.mutation<null, number[]>({
      query: (people) => ({ path: "/api/people/deactivate", method: "POST", body: { people } }),
      invalidatesTags: ["Person", "Team"],
    }),
    reactivatePeople: build.mutation<null, number[]>({
      query: (people) => ({ path: "/api/people/reactivate", method: "POST", body: { people } }),
      invalidatesTags: ["Person", "Team"],
    }),
    linkOf: build.query<LinkState, number>({
      query: (id) => ({ path: `/api/people/${id}/link` }),
      providesTags: ["Link"],
    }),
    giveLink: build.mutation<LinkState, number>({
      query: (id) => ({ path: `/api/people/${id}/link`, method: "POST", body: { language: language() } }),
      invalidatesTags: ["Link"],
    }),
    invitePeople: build.mutation<Invited[], number[]>({
      query: (people) => ({ path: "/api/people/invite", method: "POST", body: { people, language: language() } }),
      invalidatesTags: ["Link"],
    }),
    withdrawLinks: build.mutation<null, number[]>({
      query: (people) => ({ path: "/api/people/withdraw", method: "POST", body: { people } }),
      invalidatesTags: ["Link"],
    }),
    endSessions: build.mutation<null, number>({
      query: (id) => ({ path: `/api/people/${id}/sessions`, method: "DELETE" }),
      invalidatesTags: ["Person"],
    }),
    resetFactors: build.mutation<null, number>({
      query: (id) => ({ path: `/api/people/${id}/factors`, method: "DELETE" }),
      invalidatesTags: ["Person"],
    }),
    giveRole: build.mutation<Profile, { id: number; role: Role; team: number | null }>({
      query: ({ id, role, team }) => ({ path: `/api/people/${id}/roles`, method: "POST", body: { role, team } }),
      invalidatesTags: (_, error) => (error ? ["Person", "Team"] : ["Person", "Team", "Me"]),
    }),
    takeRole: build.mutation<Profile, { id: number; held: HeldRole }>({
      query: ({ id, held: { role, team } }) => ({
        path: `/api/people/${id}/roles/${role}${team ? `?team=${team.id}` : ""}`,
        method: "DELETE",
      }),
      invalidatesTags: (_, error) => (error ? ["Person", "Team"] : ["Person", "Team", "Me"]),
    }),
    teams: build.query<Team[], void>({ query: () => ({ path: "/api/teams" }), providesTags: ["Team"] }),
    addTeam: build.mutation<{ id: number }, { name: string; parent: number }>({
      query: (body) => ({ path: "/api/teams", method: "POST", body }),
      invalidatesTags: ["Team"],
    }),
    changeTeam: build.mutation<Team[], { id: number; form: TeamForm }>({
      query: ({ id, form }) => ({ path: `/api/teams/${id}`, method: "PUT", body: form }),
      invalidatesTags: ["Person", "Team"],
    }),
    removeTeam: build.mutation<null, number>({
      query: (id) => ({ path: `/api/teams/${id}`, method: "DELETE" }),
      invalidatesTags: ["Team"],
    }),
    restoreTeam: build.mutation<null, number>({
      query: (id) => ({ path: `/api/teams/${id}/restore`, method: "POST" }),
      invalidatesTags: ["Team"],
    }),
  }),
});

export const {
  usePeopleInfiniteQuery,
  useLazyPeopleAfterQuery,
  usePersonQuery,
  useAddPersonMutation,
  useChangePersonMutation,
  useMovePeopleMutation,
  useDeactivatePeopleMutation,
  useReactivatePeopleMutation,
  useLinkOfQuery,
  useGiveLinkMutation,
  useInvitePeopleMutation,
  useWithdrawLinksMutation,
  useEndSessionsMutation,
  useResetFactorsMutation,
  useGiveRoleMutation,
  useTakeRoleMutation,
  useTeamsQuery,
  useAddTeamMutation,
  useChangeTeamMutation,
  useRemoveTeamMutation,
  useRestoreTeamMutation,
} = peopleApi;
