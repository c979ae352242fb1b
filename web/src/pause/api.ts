import { api } from "../http/api";

export type Kind = "private" | "break";

export interface Pause {
  kind: Kind;
  since_at: string;
  /** None: until it is ended. */
  until_at: string | null;
}

export interface Paused {
  pause: Pause | null;
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
  }),
});

export const { usePauseQuery, useDeclarePauseMutation, useEndPauseMutation } = pauseApi;
