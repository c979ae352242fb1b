import { api } from "../http/api";

/** Somebody's opening of my data: of my details, or of the live page of a team while I was in it. */
export interface Look {
  id: number;
  at: string;
  kind: "person" | "wall";
  by: { id: number; name: string };
  team: { id: number; name: string } | null;
  /** It was a program, and `by` is that. */
  client: boolean;
  /** Why, in their words; empty where nothing was said. */
  reason: string;
}

interface Looks {
  looks: Look[];
  more: boolean;
}

const PAGE = 20;

const myDataApi = api.injectEndpoints({
  endpoints: (build) => ({
    newestLook: build.query<Looks, void>({ query: () => ({ path: "/api/me/looks?limit=1" }) }),
    looks: build.infiniteQuery<Looks, void, number | null>({
      infiniteQueryOptions: {
        initialPageParam: null,
        getNextPageParam: ({ looks, more }) => (more ? looks.at(-1)?.id : undefined),
      },
      query: ({ pageParam }) => ({
        path: `/api/me/looks?limit=${PAGE}${pageParam === null ? "" : `&before=${pageParam}`}`,
      }),
    }),
  }),
});

export const { useLooksInfiniteQuery, useNewestLookQuery } = myDataApi;
