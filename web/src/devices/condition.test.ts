// @vitest-environment node
import { expect, it } from "vitest";
import { conditionOf } from "./condition";

const NOW = Date.parse("2026-03-02T10:00:00Z");
const device = {
  id: "a",
  name: "a",
  system: "",
  enrolled_at: "2026-01-01T00:00:00Z",
  last_seen_at: "2026-03-02T09:59:30Z" as string | null,
  revoked_at: null as string | null,
  suspended_at: null as string | null,
  simulated: false,
};

it.each([
  ["connected", {}],
  ["seen", { last_seen_at: "2026-03-02T09:57:00Z" }],
  ["missing", { last_seen_at: "2026-03-02T08:00:00Z", missing: true }],
  ["connected", { missing: true }],
  ["seen", { last_seen_at: "2026-03-01T10:00:01Z" }],
  ["silent", { last_seen_at: "2026-03-01T10:00:00Z" }],
  ["unseen", { last_seen_at: null }],
  ["suspended", { suspended_at: "2026-03-02T09:00:00Z" }],
  ["suspended", { suspended_at: "2026-03-02T09:00:00Z", last_seen_at: null }],
  ["revoked", { revoked_at: "2026-03-02T09:00:00Z", suspended_at: "2026-03-02T08:00:00Z" }],
] as const)("is %s with %j", (condition, change) => {
  expect(conditionOf({ ...device, ...change }, NOW)).toBe(condition);
});
