import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { Me } from "../session/api";
import { answering, HubSocket, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";

const role = (name: string, team: number | null = null) => ({ roles: [{ role: name, team }] }) as Pick<Me, "roles">;
const nowhere = { team: null, manages: false, device: false };

/** Live as somebody sees it, with an empty team if they manage one. */
async function live(me: object, manages: boolean) {
  answering({ "GET /api/me": { status: 200, body: { ...ME, ...me } }, "GET /api/devices": { status: 200, body: [] } });
  open("/");
  await waitFor(() => expect(HubSocket.all).toHaveLength(1));
  const now = new Date().toISOString();
  act(() => {
    HubSocket.last.accept();
    HubSocket.last.say({ t: "teams", teams: manages ? [{ id: 1, name: "Payments" }] : [], now });
    HubSocket.last.say({ t: "snapshot", team: 1, epoch: "e", rev: 1, now, part: 0, parts: 1, tiles: [] });
  });
}

beforeEach(() => {
  withSockets();
  sessionStorage.clear();
});

describe("an empty Live leads on", () => {
  it.each([
    [
      "an admin who manages no team",
      { ...role("admin"), ...nowhere },
      "Make a team that you manage",
      "/set-up?step=team",
    ],
    ["an auditor of no team", { ...role("auditor"), ...nowhere }, "Read the audit", "/admin/audit"],
  ])("%s", async (_, me, action, to) => {
    await live(me, false);

    expect(await screen.findByText("You see nobody's activity")).toBeVisible();
    expect(screen.getByRole("link", { name: action })).toHaveAttribute("href", to);
    expect(await faults()).toEqual([]);
  });

  it("somebody who manages nobody and has no device, to what is their own and how to enrol", async () => {
    answering({ "GET /api/me": { status: 200, body: { ...ME, ...role("employee"), ...nowhere } } });
    open("/");

    await waitFor(() => expect(location.pathname).toBe("/my-data"));
    expect(screen.queryByRole("link", { name: "Live" })).toBeNull();
  });

  it("an admin who left the set-up for later", async () => {
    localStorage.setItem("daylight-set-up-offered", "1");
    await live({ ...role("admin"), ...nowhere, organisation: { ...ME.organisation, set_up: false } }, false);

    expect(await screen.findByRole("link", { name: "Go on with the set-up" })).toHaveAttribute("href", "/set-up");
  });

  it.each([
    [
      "a manager without a device",
      { ...role("manager", 1), device: false },
      "Enrol the first device",
      "/devices?enrol",
    ],
    ["an admin who manages it", { ...role("admin"), manages: true }, "Add people", "/set-up?step=done"],
  ])("%s", async (_, me, action, to) => {
    await live(me, true);

    expect(await screen.findByText("Nobody is here yet")).toBeVisible();
    expect(screen.getByRole("link", { name: action })).toHaveAttribute("href", to);
  });

  it("a manager who is there already, by a link to send", async () => {
    const user = userEvent.setup();
    await live(role("manager", 1), true);
    await user.click(await screen.findByRole("button", { name: "Copy the link for your people" }));

    expect(await screen.findByText("Copied")).toBeVisible();
    expect(await navigator.clipboard.readText()).toBe(`${location.origin}/devices?enrol`);
    expect(await faults()).toEqual([]);
  });
});
