// @vitest-environment node
import { expect, it } from "vitest";
import { freshnessOf } from "./freshness";

const LIVE = { link: "open", currentAtMs: 100_000, clockOffsetMs: 5_000, staleSinceMs: null } as const;

it("is live while the hub was heard within three seconds", () => {
  expect(freshnessOf(LIVE, 102_900)).toEqual({ word: "live", ageMs: 2_900, judgedAtMs: 107_900, hubNowMs: 107_900 });
});

it("is reconnecting in the first three seconds without a link, then stale; the age goes on", () => {
  expect(freshnessOf({ ...LIVE, link: "waiting" }, 102_000)).toMatchObject({ word: "reconnecting", ageMs: 2_000 });
  expect(freshnessOf({ ...LIVE, link: "connecting" }, 141_000)).toMatchObject({ word: "stale", ageMs: 41_000 });
});

it("turns nobody idle while nothing is known: states are judged at when the picture was last right", () => {
  expect(freshnessOf({ ...LIVE, link: "waiting" }, 999_000)).toMatchObject({
    judgedAtMs: 105_000,
    hubNowMs: 1_004_000,
  });
});

it("is stale when the hub says so, though the link is well", () => {
  expect(freshnessOf({ ...LIVE, staleSinceMs: 90_000 }, 100_000)).toMatchObject({
    word: "stale",
    ageMs: 15_000,
    judgedAtMs: 90_000,
  });
});
