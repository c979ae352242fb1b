import { act, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { answering, HubSocket, withSockets } from "../testing/hub";
import { ME, open } from "../testing/render";
import { openedAt, snapshot, teams, tile, working } from "../testing/wall";
import { dropAhead } from "./socket";
import { noteWall, wasOnWall } from "./visited";

const OUT = { status: 401, body: { title: "Sign in first.", status: 401 } };
const SEES = { "GET /api/me": { status: 200, body: ME } };

/** What is run first of all when the page is opened there. */
async function begun(path: string) {
  history.replaceState(null, "", path);
  vi.resetModules();
  await import("./ahead");
}

beforeEach(() => {
  dropAhead();
  withSockets();
});

describe("the wall that is asked for before the page has started", () => {
  it("is not in a browser that was on no wall, nor elsewhere than at its address", async () => {
    await begun("/");
    noteWall();
    await begun("/devices");

    expect(HubSocket.all).toHaveLength(0);
  });

  it("is after a visit that ended there", async () => {
    answering(SEES);
    await openedAt("/", teams("Payments"), snapshot(1, working(7, "Ann", "VS Code")));
    await tile(7);
    withSockets();
    await begun("/?view=rows");

    expect(HubSocket.all).toHaveLength(1);
  });

  it("is not after a sign-out, or where the hub refused", async () => {
    noteWall();
    answering({ "GET /api/me": OUT });
    open("/");
    await screen.findByRole("heading", { name: "Sign in" });

    expect(wasOnWall()).toBe(false);
  });

  it("is not after a visit without anybody to see", async () => {
    answering(SEES);
    await openedAt("/", teams());
    await screen.findByText("You see nobody's activity");

    expect(wasOnWall()).toBe(false);
  });

  it("is not after somebody was led elsewhere: to the set-up, or to what is their own", async () => {
    noteWall();
    const admin = {
      ...ME,
      roles: [{ role: "admin", team: null }],
      organisation: { ...ME.organisation, set_up: false },
    };
    answering({ "GET /api/me": { status: 200, body: admin } });
    open("/");
    await waitFor(() => expect(location.pathname).toBe("/set-up"));

    await waitFor(() => expect(wasOnWall()).toBe(false));
    act(() => {});
  });
});
