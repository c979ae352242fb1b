import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../enrol/api";
import { answering, withSockets } from "../testing/hub";
import { myPolicy } from "../testing/policy";
import { command, faults, ME, open } from "../testing/render";
import "./DevicesPage"; // it is loaded before the first test asks for it

const laptop: Device = {
  id: "0b2f",
  name: "alice-laptop",
  system: "Linux",
  enrolled_at: "2026-03-02T10:00:00Z",
  last_seen_at: new Date().toISOString(),
  revoked_at: null,
  simulated: false,
};

let held: Device[];
const hub = () => ({
  "GET /api/me": { status: 200, body: ME },
  "GET /api/devices": () => ({ status: 200, body: held }),
  "GET /api/me/policy": { status: 200, body: myPolicy() },
  "GET /api/me/pause": { status: 200, body: { pause: null, private_time: true, started: null, startable: null } },
  "POST /api/devices/code": {
    status: 201,
    body: {
      code: "ABCD-EFGH",
      expires_at: new Date(Date.now() + 599_000).toISOString(),
      command: "daylight agent enrol --hub https://hub.example ABCD-EFGH",
    },
  },
});

beforeEach(() => {
  withSockets();
  held = [laptop];
});

describe("my devices", () => {
  it("are listed, with what is collected from them", async () => {
    answering(hub());
    open("/devices");
    const line = within(await screen.findByRole("listitem"));

    expect(line.getByText("alice-laptop")).toBeVisible();
    expect(line.getByText("Seen just now")).toBeVisible();
    expect(screen.getByRole("link", { name: "your policy" })).toHaveAttribute("href", "/my-data");
    expect(await faults()).toEqual([]);
  });

  it.each([
    ["Silent for 3 d", /daylight agent status/, { last_seen_at: new Date(Date.now() - 3 * 86_400_000).toISOString() }],
    [
      "Silent for 2 h 00",
      /Is the agent running/,
      { missing: true, last_seen_at: new Date(Date.now() - 7_200_000).toISOString() },
    ],
    ["Never seen", /daylight agent run/, { last_seen_at: null }],
    ["Suspended", /enrol each computer by itself/, { suspended_at: "2026-03-03T10:00:00Z" }],
    ["Revoked 3 Mar 2026", /enrol it anew/, { revoked_at: "2026-03-03T10:00:00Z" }],
  ])("that are %s say what to do", async (condition, todo, change) => {
    held = [{ ...laptop, version: "0.1.0", ...change }];
    answering(hub());
    open("/devices");
    const line = within(await screen.findByRole("listitem"));

    expect(line.getByText(condition)).toBeVisible();
    expect(line.getByText(todo)).toBeVisible();
    expect(line.getByText(/agent 0\.1\.0/)).toBeVisible();
  });

  it("are revoked only by their name", async () => {
    const seen = answering({
      ...hub(),
      "DELETE /api/devices/0b2f": () => {
        held = [{ ...laptop, revoked_at: "2026-03-03T10:00:00Z" }];
        return { status: 204 };
      },
    });
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "Revoke alice-laptop" }));
    const dialog = within(screen.getByRole("dialog", { name: "Revoke alice-laptop?" }));
    expect(dialog.getByRole("button", { name: "Revoke" })).toBeDisabled();
    expect(await faults()).toEqual([]);
    await userEvent.type(dialog.getByRole("textbox"), "alice-laptop");
    await userEvent.click(dialog.getByRole("button", { name: "Revoke" }));

    expect(await screen.findByText("Revoked 3 Mar 2026")).toBeVisible();
    expect(seen.filter((call) => call.method === "DELETE")).toHaveLength(1);
  });

  it("that could not be read say why, with the number to quote", async () => {
    answering({
      ...hub(),
      "GET /api/devices": { status: 503, body: { title: "The database is away.", status: 503, request_id: "r-17" } },
    });
    open("/devices");

    expect(await screen.findByRole("alert")).toHaveTextContent("The database is away.Request r-17");
  });
});

describe("enrolling a device", () => {
  it("shows a code and its command, and turns over when the device appears", async () => {
    answering(hub());
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "Enrol a device" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(await dialog.findByRole("status", { name: "One-time code" })).toHaveTextContent("ABCD-EFGH");
    expect(dialog.getByText(command("daylight agent enrol --hub https://hub.example ABCD-EFGH"))).toBeVisible();
    expect(dialog.getByRole("timer").textContent).toMatch(/^9:5\d$/);
    expect(await faults()).toEqual([]);
    held = [laptop, { ...laptop, id: "77aa", name: "alice-desktop" }];

    await waitFor(() => expect(dialog.getByText("Enrolled: alice-desktop")).toBeVisible());
    expect(dialog.getByRole("button", { name: "Done" })).toBeVisible();
  });

  it("makes the command up from this page's address when the hub gives none", async () => {
    answering({
      ...hub(),
      "POST /api/devices/code": { status: 201, body: { code: "WXYZ-2345", expires_at: "2026-03-02T10:00:00Z" } },
    });
    open("/devices?enrol");

    expect(await screen.findByText(command(`daylight agent enrol --hub ${location.origin} WXYZ-2345`))).toBeVisible();
  });

  it("copies the command", async () => {
    const user = userEvent.setup();
    answering(hub());
    open("/devices?enrol");
    await user.click(await screen.findByRole("button", { name: "Copy" }));

    expect(await navigator.clipboard.readText()).toBe("daylight agent enrol --hub https://hub.example ABCD-EFGH");
  });
});
