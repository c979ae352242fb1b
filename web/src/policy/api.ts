import type { Hours } from "../forms/hours";
import { api } from "../http/api";

export const KINDS = ["app", "site", "title", "input_counts"] as const;
export type Kind = (typeof KINDS)[number];
/** How many days each is kept: details, the activity that they belong to, and the sums that outlive it. */
export const PERIODS = ["title_days", "app_days", "count_days", "activity_days", "sum_days"] as const;
export type Period = (typeof PERIODS)[number];
export const FIELDS = [...KINDS, "idle_limit_s", "hours", "private_time", "look_reason", ...PERIODS] as const;
export type Field = (typeof FIELDS)[number];
/** By which a policy may collect more, or keep it longer. */
export type Wider = Exclude<Field, "idle_limit_s" | "look_reason">;

export interface Policy extends Record<Kind, boolean>, Record<Period, number> {
  version: number;
  idle_limit_s: number;
  /** Stretches of the week, in minutes after Monday's midnight in `zone`; none given: at any time. */
  hours: [number, number][] | null;
  zone: string;
  private_time: boolean;
  look_reason: boolean;
}

export interface MyChange {
  at: string;
  by: string | null;
  /** None: one came into another team or zone. */
  scope: "organisation" | "team" | "person" | "ceiling" | null;
  reason: string;
  old: Policy;
  new: Policy;
  widens: Wider[];
  acknowledged_at: string | null;
}

export interface MyPolicy {
  policy: Policy;
  /** Counts from when one has acknowledged it, by its number. */
  waiting: { number: number; policy: Policy; widens: Wider[]; since_at: string; reason: string } | null;
  unavailable: ("site" | "calls" | "screenshots")[];
  /** Newest first. */
  history: MyChange[];
}

/** The stretches of a week as hours of days; what is longer than a day is cut at midnight. */
export function hoursOf(stretches: [number, number][]): Hours[] {
  const hours: Hours[] = [];
  for (const [start, end] of stretches.flatMap(atMidnights)) {
    const [from_min, until_min] = [start % DAY, end % DAY];
    const same = hours.find((each) => each.from_min === from_min && each.until_min === until_min);
    if (same) {
      same.days.push(Math.floor(start / DAY));
    } else {
      hours.push({ days: [Math.floor(start / DAY)], from_min, until_min });
    }
  }
  return hours;
}

const DAY = 24 * 60;

function atMidnights([start, end]: [number, number]): [number, number][] {
  if (end - start <= DAY) {
    return [[start, end]];
  }
  const midnight = (Math.floor(start / DAY) + 1) * DAY;
  return [[start, midnight], ...atMidnights([midnight, end])];
}

const policyApi = api.injectEndpoints({
  endpoints: (build) => ({
    myPolicy: build.query<MyPolicy, void>({ query: () => ({ path: "/api/me/policy" }), providesTags: ["Policy"] }),
    acknowledge: build.mutation<null, number>({
      query: (number) => ({ path: "/api/me/policy/acknowledgement", method: "POST", body: { number } }),
      invalidatesTags: (_, error) => (error ? [] : ["Policy", "Me"]),
    }),
  }),
});

export const { useMyPolicyQuery, useAcknowledgeMutation } = policyApi;
