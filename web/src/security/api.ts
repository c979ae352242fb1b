import { api } from "../http/api";

export interface Security {
  roles: string[];
  /** By subject, the actions that each role may do; who may nothing is left out. */
  access: { about: string; may: Record<string, string[]> }[];
  limits: Limited[];
  idle_h: number;
  signed_in_days: number;
}

export interface Limited {
  what:
    | "sign_ins"
    | "wrong_codes"
    | "wrong_links"
    | "forgotten"
    | "mails"
    | "requests"
    | "requests_signed_out"
    | "arrivals";
  by: "address" | "mail" | "person" | "device";
  times: number;
  minutes: number;
  /** Nobody may while it can't be counted. */
  closed: boolean;
}

interface Named {
  id: number;
  name: string;
}

/** A try that was refused. */
export interface Refusal {
  id: number;
  at: string;
  what: string;
  /** What somebody wanted to do who was signed in. */
  wanted: string | null;
  /** Which check it failed, where there are several. */
  reason: string | null;
  by: Named | null;
  /** An API client that asked by itself. */
  client: Named | null;
  about: Named | null;
  team: Named | null;
}

interface Refusals {
  refusals: Refusal[];
  more: boolean;
}

const PAGE = 10;

const securityApi = api.injectEndpoints({
  endpoints: (build) => ({
    security: build.query<Security, void>({ query: () => ({ path: "/api/security" }) }),
    refusals: build.infiniteQuery<Refusals, void, number | null>({
      infiniteQueryOptions: {
        initialPageParam: null,
        getNextPageParam: ({ refusals, more }) => (more ? refusals.at(-1)?.id : undefined),
      },
      query: ({ pageParam }) => ({
        path: `/api/security/refusals?limit=${PAGE}${pageParam === null ? "" : `&before=${pageParam}`}`,
      }),
    }),
  }),
});

export const { useSecurityQuery, useRefusalsInfiniteQuery } = securityApi;
