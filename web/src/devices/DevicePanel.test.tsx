import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, type Seen, withSockets } from "../testing/hub";
import { command, faults, ME, open } from "../testing/render";
import type { DeviceDetail } from "./api";
import "./DevicesPage"; // it is loaded before the first test asks for it

let held: DeviceDetail;
let seen: Seen[];
let refused: { status: number; body: object } | null;

beforeEach(() => {
  withSockets();
  refused = null;
  held = {
    id: "0b2f",
    person: 1,
    person_name: "Alice Okafor",
    name: "alice-laptop",
    system: "Linux 7",
    version: "0.1.0",
    simulated: false,
    enrolled_at: "2026-03-02T10:00:00Z",
    last_seen_at: new Date().toISOString(),
    revoked_at: null,
    suspended_at: null,
    unsent: 3,
    skew_ms: -90_000,
    lost: 5,
    set_aside: 1,
    enrolled_with: "own",
    rekeyed_at: null,
    fenced_at: [],
    losses: [{ epoch: 1, from_seq: 3, to_seq: 7, reason: "spool full", at: "2026-03-04T10:00:00Z" }],
    quarantined: [{ epoch: 1, seq: 9, reason: "outside_horizon", at: "2026-03-05T10:00:00Z" }],
  };
  seen = answering({
    "GET /api/me": { status: 200, body: ME },
    "GET /api/devices": () => ({ status: 200, body: [held] }),
    "GET /api/devices/0b2f": () => refused ?? { status: 200, body: held },
    "PUT /api/devices/0b2f": () => {
      const { name } = (seen.at(-1)?.body ?? {}) as { name: string };
      if (name.trim() === "") {
        const title = "A name has 1 to 80 characters.";
        return { status: 400, body: { title, status: 400, field: "name", code: "name_length", limit: 80 } };
      }
      held = { ...held, name };
      return { status: 200, body: held };
    },
    "POST /api/devices/0b2f/code": {
      status: 201,
      body: { code: "ABCD-EFGH", expires_at: new Date(Date.now() + 599_000).toISOString() },
    },
  });
});

const panel = async () => within(await screen.findByRole("complementary", { name: /laptop|tower/ }));

describe("a device that is opened", () => {
  it("says how it is and what happened to it, newest first, in plain words", async () => {
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "alice-laptop" }));
    const beside = await panel();
    const happened = within(beside.getByRole("list", { name: "What happened" })).getAllByRole("listitem");

    expect(location.search).toBe("?device=0b2f");
    expect(beside.getByText("3 events")).toBeVisible();
    expect(beside.getByText("clock 1 min ahead")).toBeVisible();
    expect(happened.map((line) => line.querySelector("p")?.textContent)).toEqual([
      "Event 9 set aside: it lies too far in the past or in the future.",
      "5 events lost (numbers 3 to 7): there was no room left on its disk.",
      "Enrolled, with a code that its person made.",
    ]);
    expect(await faults()).toEqual([]);
  });

  it("that is suspended explains why, and what to do", async () => {
    const at = "2026-03-06T10:00:00Z";
    held = { ...held, suspended_at: at, fenced_at: [at] };
    open("/devices?device=0b2f");
    const beside = await panel();

    expect(beside.getByText(/two machines used the same identity/)).toBeVisible();
    expect(beside.getByText(/give the right one a new key: the other is refused/)).toBeVisible();
  });

  it("is renamed, shown at once, and that can be taken back", async () => {
    open("/devices?device=0b2f");
    const beside = await panel();
    const box = beside.getByRole("textbox", { name: "Name" });
    await userEvent.clear(box);
    await userEvent.type(box, "tower");
    await userEvent.click(beside.getByRole("button", { name: "Rename" }));

    expect(await beside.findByText("It is called tower now.")).toBeVisible();
    expect(await screen.findByRole("button", { name: "tower" })).toBeVisible();
    await userEvent.click(beside.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(box).toHaveValue("alice-laptop"));
    expect(held.name).toBe("alice-laptop");
  });

  it("keeps its name when another one is none", async () => {
    open("/devices?device=0b2f");
    const beside = await panel();
    await userEvent.clear(beside.getByRole("textbox", { name: "Name" }));
    await userEvent.click(beside.getByRole("button", { name: "Rename" }));

    expect(await beside.findByText(/1 to 80 characters/)).toBeVisible();
    expect(held.name).toBe("alice-laptop");
  });

  it("gets a new key by a code, and the page says when it has it", async () => {
    open("/devices?device=0b2f");
    await userEvent.click((await panel()).getByRole("button", { name: "New key" }));
    const dialog = within(await screen.findByRole("dialog", { name: "A new key for alice-laptop" }));

    expect(await dialog.findByText(command(`daylight agent enrol --hub ${location.origin} ABCD-EFGH`))).toBeVisible();
    expect(await faults()).toEqual([]);
    held = { ...held, rekeyed_at: "2026-03-07T10:00:00Z" };
    expect(await screen.findByRole("dialog", { name: "It has a new key" }, { timeout: 5_000 })).toBeVisible();
  });

  it("that is none of one's own says so", async () => {
    refused = { status: 404, body: { title: "There is no such device.", status: 404 } };
    open("/devices?device=0b2f");

    expect(await screen.findByText("This device is not here")).toBeVisible();
  });
});
