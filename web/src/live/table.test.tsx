import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME } from "../testing/render";
import { saving } from "../testing/saved";
import { ago, openedAt, shown, snapshot, teams, tile, working } from "../testing/wall";

const today = (active_s: number) => ({
  starts_at: ago(36_000),
  ends_at: ago(-40_000),
  active_s,
  counted_until: ago(0),
});

beforeEach(() => {
  withSockets();
  answering({ "GET /api/me": { status: 200, body: ME } });
});
afterEach(() => {
  vi.useRealTimers();
});

async function table(path: string) {
  const people = [
    working(7, "Ann", "VS Code", { today: { ...today(4 * 3600 + 51 * 60), expected_s: 28_800 } }),
    working(8, "=Bob", "Figma", { today: { ...today(60), expected_s: 28_800 }, since_at: ago(5000) }),
  ];
  const cards = snapshot(2, working(9, "Cleo", "Slack", { today: { ...today(9000), expected_s: 27_000 } }));
  await openedAt(path, teams("Payments", "Cards"), snapshot(1, ...people), cards);
  await tile(7);
  return within(screen.getByRole("table", { name: "People" }));
}

const head = (name: string) => screen.getByRole("columnheader", { name: new RegExp(`^${name}`) });
const sortBy = (name: string) => userEvent.click(within(head(name)).getByRole("button"));

describe("the table", () => {
  it("is sorted by its heads, either way, all teams as one; the address says how", async () => {
    await table("/?view=table");
    await sortBy("Active today");
    expect(shown()).toEqual([7, 9, 8]);
    expect(head("Active today")).toHaveAttribute("aria-sort", "descending");

    await sortBy("Active today");
    expect(shown()).toEqual([8, 9, 7]);
    expect(head("Active today")).toHaveAttribute("aria-sort", "ascending");
    expect(location.search).toBe("?view=table&sort=-today");

    await sortBy("App or site");
    expect(shown()).toEqual([8, 9, 7]);
    await sortBy("Team");
    expect(shown()).toEqual([9, 8, 7]);
    expect(await faults()).toEqual([]);
  });

  it("has the columns that were chosen, also the next time", async () => {
    const first = await table("/?view=table");
    await userEvent.click(screen.getByRole("button", { name: "Columns" }));
    await userEvent.click(await screen.findByRole("menuitemcheckbox", { name: "Team" }));
    await userEvent.click(screen.getByRole("menuitemcheckbox", { name: "Last hour" }));
    expect(screen.getByRole("menuitemcheckbox", { name: "Name" })).toHaveAttribute("aria-disabled", "true");
    await userEvent.keyboard("{Escape}");

    expect(first.queryByRole("columnheader", { name: "Team" })).toBeNull();
    expect(first.getByRole("columnheader", { name: "Last hour" })).toBeVisible();
    expect(localStorage.getItem("daylight-live-columns")).not.toContain("team");
    expect(new URLSearchParams(location.search).get("columns")).toBe("state,name,app,for,hour,today,expected,age");
  });

  it("has the columns that a copied link names, whatever was chosen here", async () => {
    localStorage.setItem("daylight-live-columns", "name,app");
    const copied = await table("/?view=table&columns=team,age");

    expect(copied.getAllByRole("columnheader").map((head) => head.textContent)).toEqual(["Name", "Team", "Age"]);
  });

  it("is taken along as CSV: who is filtered, in their order, with nothing that a spreadsheet would reckon", async () => {
    vi.useFakeTimers({ toFake: ["Date"] }); // Ages are written as well: they are the same however long the page takes.
    const saved = saving();
    await table("/?view=table&team=1&sort=-name");
    await userEvent.click(screen.getByRole("button", { name: "Download" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "CSV" }));

    const text = (await saved[0]?.file.text()) ?? "";
    expect(saved[0]?.name).toMatch(/^daylight-live-\d{4}-\d\d-\d\dT\d{4}\.csv$/);
    // The age goes on while the menu opens.
    const lines = text.replace("\ufeff", "").split("\r\n");
    expect(lines.map((line) => line.replace(/\d s$/, "1 s"))).toEqual([
      "State,Name,Team,App or site,For,Active today,Expected,Age",
      "Active,Ann,Payments,VS Code,0:10,4:51,8:00,1 s",
      "Active,'=Bob,Payments,Figma,1:23,0:01,8:00,1 s",
    ]);
  });

  it("is filtered by an app that is used now", async () => {
    await table("/?view=table");
    const apps = screen.getByRole("combobox", { name: "App" });
    await userEvent.hover(apps);
    expect(
      within(apps)
        .getAllByRole("option")
        .map(({ textContent }) => textContent),
    ).toEqual(["All apps", "Figma", "Slack", "VS Code"]);
    await userEvent.selectOptions(apps, "Figma");

    expect(shown()).toEqual([8]);
    expect(location.search).toBe("?view=table&app=Figma");
    await userEvent.selectOptions(apps, "All apps");
    expect(location.search).toBe("?view=table");
  });
});
