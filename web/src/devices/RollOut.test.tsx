import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { type Answer, answering, type Seen, withSockets } from "../testing/hub";
import { myPolicy } from "../testing/policy";
import { command, faults, ME, open } from "../testing/render";
import type { Asking, RollOut } from "./api";
import "./DevicesPage"; // it is loaded before the first test asks for it

const ASKED: Asking = {
  id: "r1",
  confirmation: "ABCD-EFGH",
  name: "alice-laptop",
  system: "Linux 7",
  asked_at: "2026-03-02T10:00:00Z",
  expires_at: "2026-03-02T10:15:00Z",
};
const LAB: RollOut = {
  id: "c1",
  label: "Lab",
  person: null,
  uses: 20,
  uses_left: 18,
  waiting: 1,
  made_at: "2026-03-02T10:00:00Z",
  made_by: "Dora Mensah",
  expires_at: "2026-03-09T10:00:00Z",
};
const ADMIN = { ...ME, roles: [{ role: "admin", team: null }], organisation: { ...ME.organisation, demo: false } };

let seen: Seen[];
let asking: Asking[];
let codes: RollOut[];
let decision: Answer;

beforeEach(() => {
  withSockets();
  asking = [];
  codes = [LAB];
  decision = { status: 200, body: { device: "d1", name: "alice-laptop" } };
  seen = answering({
    "GET /api/me": { status: 200, body: ADMIN },
    "GET /api/devices": { status: 200, body: [] },
    "GET /api/devices/all": { status: 200, body: { devices: [], total: 0, page: 1, per_page: 50 } },
    "GET /api/me/policy": { status: 200, body: myPolicy() },
    "GET /api/devices/asking": () => ({ status: 200, body: asking }),
    "POST /api/devices/asking": () =>
      ((seen.at(-1)?.body ?? {}) as { confirmation: string }).confirmation.toUpperCase() === ASKED.confirmation
        ? { status: 200, body: ASKED }
        : {
            status: 400,
            body: {
              title: "No computer shows this code now.",
              status: 400,
              field: "confirmation",
              code: "confirmation_wrong",
            },
          },
    "PUT /api/devices/asking/r1": () => decision,
    "GET /api/devices/codes": () => ({ status: 200, body: codes }),
    "POST /api/devices/codes": () => {
      const form = (seen.at(-1)?.body ?? {}) as { label: string; uses: number };
      if (form.uses > 1000) {
        const title = "A code serves 1 to 1000 computers.";
        return { status: 400, body: { title, status: 400, field: "uses", code: "roll_out_uses", limit: 1000 } };
      }
      const made = { ...LAB, ...form, id: "c2", uses_left: form.uses, waiting: 0 };
      codes = [made, ...codes];
      return { status: 201, body: { ...made, code: "ABCD-EFGH-JKMN-PQRS" } };
    },
    "DELETE /api/devices/codes/c1": () => {
      codes = [];
      return { status: 204 };
    },
  });
});

const dialog = async (name: string | RegExp) => within(await screen.findByRole("dialog", { name }));

describe("a computer that asks", () => {
  it("is found by its link, compared and approved", async () => {
    open("/devices?confirm=ABCD-EFGH");
    const asks = await dialog("Is alice-laptop yours?");

    expect(asks.getByRole("status", { name: "Code of the computer" })).toHaveTextContent("ABCD-EFGH");
    expect(asks.getByText(/alice-laptop \(Linux 7\) asks to be your device/)).toBeVisible();
    expect(await faults()).toEqual([]);
    await userEvent.click(asks.getByRole("button", { name: "Yes, it is mine" }));
    expect(await screen.findByText("Enrolled: alice-laptop")).toBeVisible();
    expect(seen.find(({ method }) => method === "PUT")?.body).toEqual({ mine: true });
  });

  it("is found by the code that is typed, and not by another", async () => {
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "Approve a computer" }));
    const box = await screen.findByRole("textbox", { name: "Code that the computer shows" });
    await userEvent.type(box, "nonsense{Enter}");
    expect(await screen.findByText(/No computer shows this code now/)).toBeVisible();
    await userEvent.clear(box);
    await userEvent.type(box, "abcd-efgh{Enter}");

    expect(await dialog("Is alice-laptop yours?")).toBeTruthy();
  });

  it("is told when it is declined", async () => {
    decision = { status: 200, body: { device: null, name: "" } };
    open("/devices?confirm=ABCD-EFGH");
    await userEvent.click((await dialog(/yours/)).getByRole("button", { name: "No, it is not mine" }));

    expect(await screen.findByText(/It was told so, and is nobody's device/)).toBeVisible();
    expect(seen.find(({ method }) => method === "PUT")?.body).toEqual({ mine: false });
  });

  it("and was approved elsewhere meanwhile says so", async () => {
    const title = "This computer was approved already.";
    decision = { status: 400, body: { title, status: 400, code: "request_approved" } };
    open("/devices?confirm=ABCD-EFGH");
    await userEvent.click((await dialog(/yours/)).getByRole("button", { name: "Yes, it is mine" }));

    expect(await screen.findByText(title)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Yes, it is mine" })).toBeNull();
  });

  it("of me alone is on my page", async () => {
    asking = [ASKED];
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "Look at it" }));

    expect(await dialog("Is alice-laptop yours?")).toBeTruthy();
  });
});

describe("codes for a roll-out", () => {
  it("are listed with what is left of them, and withdrawn", async () => {
    open("/devices?view=all");
    await userEvent.click(await screen.findByRole("button", { name: "Roll-out codes" }));
    const listed = await dialog("Roll-out codes");

    expect(await listed.findByText("18 of 20 left · until 9 Mar 2026 · 1 waits for approval")).toBeVisible();
    expect(await faults()).toEqual([]);
    await userEvent.click(listed.getByRole("button", { name: "Withdraw Lab" }));
    await userEvent.click((await dialog("Withdraw the code Lab?")).getByRole("button", { name: "Withdraw" }));
    expect(await screen.findByText("No code serves now.")).toBeVisible();
  });

  it("are made, bounded, and shown once", async () => {
    open("/devices?view=all&codes");
    const listed = await dialog("Roll-out codes");
    await userEvent.type(listed.getByRole("textbox", { name: "What it is for" }), "Second floor");
    const uses = listed.getByRole("textbox", { name: "Computers" });
    await userEvent.clear(uses);
    await userEvent.type(uses, "5000");
    await userEvent.click(listed.getByRole("button", { name: "Make the code" }));
    expect(await listed.findByText("A code serves 1 to 1000 computers.")).toBeVisible();
    await userEvent.clear(uses);
    await userEvent.type(uses, "12");
    await userEvent.click(listed.getByRole("button", { name: "Make the code" }));

    expect(
      await listed.findByText(command(`daylight agent enrol --hub ${location.origin} ABCD-EFGH-JKMN-PQRS`)),
    ).toBeVisible();
    await waitFor(() => expect(listed.getByText(/12 of 12 left/)).toBeVisible());
  });
});
