// @vitest-environment node
import { expect, it } from "vitest";
import { changed, densityFor, queryOf, viewOf } from "./view";

const at = (query: string) => new URLSearchParams(query);

it("is all in the address", () => {
  expect(
    viewOf(
      at(
        "view=rows&state=idle&find=fig&team=3&app=Figma&sort=-longest&group=state&kiosk=&person=7&columns=age,moon,state",
      ),
    ),
  ).toEqual({
    density: "rows",
    filter: { state: "idle", text: "fig", team: 3, app: "Figma" },
    sort: "longest",
    reversed: true,
    grouping: "state",
    kiosk: true,
    person: 7,
    columns: ["state", "name", "age"],
  });
});

it("is the usual one where the address says nothing, or nothing that is known", () => {
  const usual = viewOf(at(""));

  expect(usual).toMatchObject({ density: null, sort: "attention", grouping: "team", kiosk: false, person: null });
  expect(viewOf(at("view=moon&state=happy&team=-1&sort=luck&group=&person=1e9"))).toEqual(usual);
});

it("changes without losing the rest", () => {
  expect(changed(at("find=a&sort=name"), { find: "", state: "idle" }).toString()).toBe("sort=name&state=idle");
});

it("is kept without who was open in it, and is the same in any order", () => {
  expect(queryOf(at("sort=name&person=4&kiosk=&find=a"))).toBe(queryOf(at("find=a&sort=name")));
});

it("shows cards to a few, rows to some and the wall to many", () => {
  expect([3, 150, 151, 500, 10_000].map(densityFor)).toEqual(["cards", "cards", "rows", "rows", "wall"]);
});
