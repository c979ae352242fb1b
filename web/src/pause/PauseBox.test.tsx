import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { speak } from "../i18n/i18n";
import { answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import "../devices/DevicesPage"; // it is loaded before the first test asks for it
import type { Paused } from "./api";

let held: Paused;
let seen: Seen[];
let refuses: boolean;

beforeEach(() => {
  withSockets();
  held = { pause: null, private_time: true, started: null, startable: null };
  refuses = false;
  const device = {
    id: "0b2f",
    name: "alice-laptop",
    system: "Linux",
    enrolled_at: "2026-03-02T10:00:00Z",
    last_seen_at: new Date().toISOString(),
    revoked_at: null,
    simulated: false,
  };
  seen = answering({
    "GET /api/me": { status: 200, body: ME },
    "GET /api/devices": { status: 200, body: [device] },
    "GET /api/me/pause": () => ({ status: 200, body: held }),
    "PUT /api/me/pause": () => {
      if (refuses) {
        return {
          status: 400,
          body: { title: "Your policy allows no private time.", status: 400, code: "private_off" },
        };
      }
      const { kind, minutes } = (seen.at(-1)?.body ?? {}) as { kind: "private" | "break"; minutes: number | null };
      const since_at = new Date().toISOString();
      const until_at = minutes === null ? null : new Date(Date.now() + minutes * 60_000).toISOString();
      held = { ...held, pause: { kind, since_at, until_at } };
      return { status: 200, body: held };
    },
    "DELETE /api/me/pause": () => {
      held = { ...held, pause: null };
      return { status: 204 };
    },
    "PUT /api/me/work": () => {
      held = { ...held, started: held.startable };
      return { status: 200, body: held };
    },
    "DELETE /api/me/work": () => {
      held = { ...held, started: null, pause: null };
      return { status: 204 };
    },
  });
});

const asked = () => seen.filter(({ method }) => method === "PUT").map(({ body }) => body);

describe("private time and breaks", () => {
  it("are declared until they are ended", async () => {
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "Private" }));

    expect(await screen.findByText(/^Private since/)).toBeVisible();
    expect(screen.getByText(/Nothing is recorded on any of your devices but that it is private/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Break" })).toBeNull();
    expect(await faults()).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "End it now" }));
    expect(await screen.findByRole("button", { name: "Private" })).toBeVisible();
    expect(asked()).toEqual([{ kind: "private", minutes: null }]);
  });

  it("last as long as is chosen before", async () => {
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "15 min" }));
    await userEvent.click(screen.getByRole("button", { name: "Break" }));

    expect(await screen.findByText(/^On a break since .*, until /)).toBeVisible();
    expect(asked()).toEqual([{ kind: "break", minutes: 15 }]);
  });

  it("that are over are shown as over", async () => {
    const since_at = new Date(Date.now() - 3_600_000).toISOString();
    held = { ...held, pause: { kind: "break", since_at, until_at: new Date(Date.now() - 1_000).toISOString() } };
    open("/devices");

    expect(await screen.findByRole("button", { name: "Break" })).toBeVisible();
  });

  it("are offered as the policy allows", async () => {
    held = { ...held, private_time: false };
    open("/devices");

    expect(await screen.findByRole("button", { name: "Break" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Private" })).toBeNull();
    expect(screen.getByText("Your policy allows no private time.")).toBeVisible();
  });

  it("that are refused meanwhile say why, in each language", async () => {
    refuses = true;
    await speak("ar");
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "خاص" }));

    expect(await screen.findByText("لا تسمح سياستك بوقت خاص.")).toBeVisible();
  });
});

describe("work outside one's hours", () => {
  const startable = () => ({
    since_at: new Date().toISOString(),
    until_at: new Date(Date.now() + 6 * 3_600_000).toISOString(),
  });

  it("is started and ended, and says how long it lasts at the most", async () => {
    held = { ...held, startable: startable() };
    open("/devices");
    const box = within(await screen.findByRole("region", { name: "Work outside your hours" }));
    expect(box.getByText("It is outside the hours of your policy: nothing is recorded.")).toBeVisible();
    expect(box.getByText(/never records a whole night/)).toBeVisible();
    await userEvent.click(box.getByRole("button", { name: "Start work" }));

    expect(await box.findByText(/^Started at .*, until .* at the latest$/)).toBeVisible();
    expect(await faults()).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Break" }));
    expect(await box.findByText(/^It goes on when what you declared is over/)).toBeVisible();
    await userEvent.click(box.getByRole("button", { name: "End work" }));
    expect(await box.findByRole("button", { name: "Start work" })).toBeVisible();
  });

  it("waits for the end of a pause", async () => {
    held = {
      ...held,
      startable: startable(),
      pause: { kind: "break", since_at: startable().since_at, until_at: null },
    };
    open("/devices");

    expect(await screen.findByRole("button", { name: "Start work" })).toBeDisabled();
    expect(screen.getByText("End it first to start work.")).toBeVisible();
  });

  it("is not spoken of within the hours", async () => {
    open("/devices");

    expect(await screen.findByRole("button", { name: "Break" })).toBeVisible();
    expect(screen.queryByRole("region", { name: "Work outside your hours" })).toBeNull();
  });
});
