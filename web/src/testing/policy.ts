import type { MyPolicy, Policy } from "../policy/api";

export const policyOf = (changes: Partial<Policy> = {}): Policy => ({
  version: 1,
  app: true,
  site: false,
  title: false,
  input_counts: false,
  idle_limit_s: 300,
  hours: null,
  zone: "",
  private_time: true,
  look_reason: false,
  title_days: 365,
  app_days: 365,
  count_days: 365,
  activity_days: 365,
  sum_days: 730,
  ...changes,
});

export const myPolicy = (changes: Partial<MyPolicy> = {}): MyPolicy => ({
  policy: policyOf(),
  waiting: null,
  unavailable: ["calls", "screenshots"],
  history: [],
  ...changes,
});
