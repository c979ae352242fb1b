// @vitest-environment node
import { describe, expect, it } from "vitest";
import cases from "../../../hub/wire/cases/activity.json";
import { type Judgement, ms, stateAt } from "./activity";

/** The same table as the hub's own tests: the two must never disagree about a moment. */
describe("state_at", () => {
  it.each(cases.state_at)("$name", ({ facts, at, idle_limit_s, state, reason, since_at }) => {
    const expected: Judgement = { state, reason, sinceMs: ms(since_at) } as Judgement;

    expect(stateAt(facts, Date.parse(at), idle_limit_s)).toEqual(expected);
  });
});
