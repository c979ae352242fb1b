import { api } from "../http/api";

export type Kind = "private" | "break";

export interface Pause {
  kind: Kind;
  since_at: string;
  /** None: until it is ended. */
  until_at: string | null;
}

/** Work outside the hours: until then at the latest. */
export interface Started {
  since_at: string;
  until_at: string;
}

export interface Paused {
  pause: Pause | null;
  started: Started | null;
  /** What would be started now; none within the hours. */
  startable: Started | null;
  /** Whether the policy lets one declare private time. */
  private_time: boolean;
}

const pauseApi = api.injectEndpoints({
  endpoints: (build) => ({
    pause: build.query<Paused, void>({ query: () => ({ path: "/api/me/pause" }), providesTags: ["Pause"] }),
    declarePause: build.mutation<Paused, { kind: Kind; minutes: number | null }>({
      query: (body) => ({ path: "/api/me/pause", method: "PUT", body }),
      invalidatesTags: ["Pause"],
    }),
    endPause: build.mutation<null, void>({
      query: () => ({ path: "/api/me/pause", method: "DELETE" }),
      invalidatesTags: ["Pause"],
    }),
    startWork: build.mutation<Paused, void>({
      query: () => ({ path: "/api/me/work", method: "PUT" }),
      invalidatesTags: ["Pause"],
    }),
    endWork: build.mutation<null, void>({
      query: () => ({ path: "/api/me/work", method: "DELETE" }),
      invalidatesTags: ["Pause"],
    }),
  }),
});

export const { usePauseQuery, useDeclarePauseMutation, useEndPauseMutation, useStartWorkMutation, useEndWorkMutation } =
  pauseApi;
