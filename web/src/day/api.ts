/** A person's day so far, as the hub tells it. Reading somebody else's is a look, which the hub writes down first. */
import type { Hours } from "../forms/hours";
import { api } from "../http/api";
import type { State } from "../ui/StateMark";

export type Reason =
  | "input"
  | "call"
  | "media"
  | "presentation"
  | "silence"
  | "lock"
  | "sleep"
  | "break"
  | "private"
  | "no_connection"
  | "lease";

export interface Stretch {
  started_at: string;
  ended_at: string;
  state: State;
  reason: Reason;
  app: string | null;
  site: string | null;
  device: string | null;
}

export interface DayDevice {
  id: string;
  name: string;
  system: string;
  version: string | null;
  last_seen_at: string | null;
  enrolled_at: string;
  simulated: boolean;
}

export interface Collected {
  policy_version: number;
  apps: boolean;
  sites: boolean;
  titles: boolean;
  counts: boolean;
  idle_limit_s: number;
}

export interface DayApp {
  app: string | null;
  site: string | null;
  active_s: number;
  passive_s: number;
}

export interface Day {
  person: {
    id: number;
    name: string;
    zone: string;
    team: { id: number; name: string } | null;
    /** Not for who may not see them now, or where none are set. */
    working_hours: Hours | null;
  };
  /** Oneself: nothing is written down. */
  own: boolean;
  /** When the row of this look was written. */
  looked_at: string | null;
  /** The hub's now, whatever this computer's clock says. */
  read_at: string;
  /** From when the viewer may see the workday: its start, or later. */
  from_at: string;
  /** Up to when things are stored. */
  until_at: string;
  today: {
    starts_at: string;
    ends_at: string;
    active_s: number;
    expected_s: number;
    states: Partial<Record<State, number>>;
  };
  /** The last hour, in order; what is missing is a gap. */
  hour: Stretch[];
  /** Most first. */
  apps: DayApp[];
  apps_rest_s: number;
  devices: DayDevice[];
  collected: Collected;
}

const dayApi = api.injectEndpoints({
  endpoints: (build) => ({
    /** `sitting`: the calls of one opened panel, which are one look. The reason is no part of the address, which proxies write down. */
    day: build.query<Day, { person: number; sitting: string; reason: string }>({
      query: ({ person, sitting, reason }) => ({
        path: `/api/people/${person}/now?sitting=${sitting}`,
        ...(reason && { headers: { "daylight-reason": encodeURIComponent(reason) } }),
      }),
      keepUnusedDataFor: 0, // What was seen of somebody goes when it is no longer shown.
    }),
  }),
});

export const { useDayQuery } = dayApi;
