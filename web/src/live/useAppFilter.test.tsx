import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { ME } from "../testing/render";
import { found, openedAt, shown, snapshot, teams, tile, working } from "../testing/wall";

const crowd = [working(7, "Ann", "Figma"), working(8, "Bob", "Slack"), working(9, "Cem", "Figma")];

function withPointer(hovers: boolean) {
  const real = window.matchMedia;
  vi.stubGlobal("matchMedia", (query: string) => ({ ...real(query), matches: hovers && query === "(hover: hover)" }));
}

beforeEach(() => {
  withSockets();
  answering({ "GET /api/me": { status: 200, body: ME } });
});

describe("the app of somebody leads to all who are in it", () => {
  it.each(["cards", "rows"])("by a click on its name, and back, among %s", async (view) => {
    const user = userEvent.setup();
    withPointer(true);
    await openedAt(`/?view=${view}`, teams("Payments"), snapshot(1, ...crowd));
    const app = () => found("[data-app=Figma]");
    await tile(7);
    await user.click(app());
    await waitFor(() => expect(shown()).toEqual([7, 9]));
    expect(location.search).toBe(`?view=${view}&app=Figma`);
    await user.click(app());

    await waitFor(() => expect(shown()).toEqual([7, 8, 9]));
  });

  it("by a key, with the focus on them", async () => {
    const user = userEvent.setup();
    await openedAt("/?view=cards", teams("Payments"), snapshot(1, ...crowd));
    (await tile(8)).focus();
    await user.keyboard("a");

    await waitFor(() => expect(shown()).toEqual([8]));
    expect(location.search).toBe("?view=cards&app=Slack");
  });

  it("not under a finger: there the whole tile opens them", async () => {
    const user = userEvent.setup();
    withPointer(false);
    await openedAt("/?view=cards", teams("Payments"), snapshot(1, ...crowd));
    await tile(7);
    await user.click(found("[data-app=Figma]"));

    expect(await screen.findByRole("complementary")).toBeVisible();
    expect(location.search).toBe("?view=cards&person=7");
  });
});
