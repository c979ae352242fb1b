import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { speak } from "../i18n/i18n";
import { answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import type { Refusal, Security } from "./api";
import "./SecurityPage"; // it is loaded before the first test asks for it

const SECURITY: Security = {
  roles: ["employee", "admin", "keeper_of_keys"],
  access: [
    { about: "oneself", may: { employee: ["see_activity", "keep_views"], admin: ["see_activity", "turn_keys"] } },
    { about: "somebody elsewhere", may: { admin: ["see_devices"] } },
  ],
  limits: [
    { what: "sign_ins", by: "address", times: 300, minutes: 5, closed: true },
    { what: "requests", by: "person", times: 3000, minutes: 1, closed: false },
  ],
  idle_h: 12,
  signed_in_days: 30,
};
const BOB = { id: 2, name: "Bob Brandt" };
const ALICE = { id: 1, name: "Alice Okafor" };
const refused = (id: number, change: Partial<Refusal>): Refusal => ({
  id,
  at: "2026-03-02T10:00:00Z",
  what: "denied",
  wanted: null,
  reason: null,
  by: null,
  client: null,
  about: null,
  team: null,
  ...change,
});
const withRole = (role: string) => ({ ...ME, roles: [{ role, team: null }] });
let refusals: Refusal[];
let seen: Seen[];

function hub(me: object) {
  seen = answering({
    "GET /api/me": { status: 200, body: me },
    "GET /api/security": { status: 200, body: SECURITY },
    "GET /api/security/refusals": () => {
      const before = Number(
        new URLSearchParams(seen.at(-1)?.path.split("?")[1]).get("before") ?? Number.POSITIVE_INFINITY,
      );
      const rest = refusals.filter(({ id }) => id < before);
      return { status: 200, body: { refusals: rest.slice(0, 2), more: rest.length > 2 } };
    },
  });
}

beforeEach(() => {
  withSockets();
  refusals = [
    refused(9, { by: BOB, about: ALICE, wanted: "see_activity" }),
    refused(8, { what: "sign_in_failed", about: BOB }),
    refused(7, { what: "client_refused", client: { id: 1, name: "Payroll" } }),
  ];
  hub(withRole("admin"));
});

const lines = async () =>
  within(await screen.findByRole("list", { name: "Refused lately" }))
    .getAllByRole("listitem")
    .map((line) => line.querySelector("span")?.textContent);

describe("the page Security", () => {
  it("shows who was refused what, and earlier ones on request", async () => {
    open("/admin/security");

    expect(await lines()).toEqual([
      "Not allowed Bob Brandt · see activity · of Alice Okafor",
      "Wrong password or address Somebody not signed in · of Bob Brandt",
    ]);
    await userEvent.click(screen.getByRole("button", { name: "Earlier ones" }));
    expect(await screen.findByText(/Payroll/)).toHaveTextContent("API client that could not prove itself Payroll");
    expect(await lines()).toHaveLength(3);
    expect(screen.queryByRole("button", { name: "Earlier ones" })).toBeNull();
    expect(await faults()).toEqual([]);
  });

  it("says so when nobody was refused anything", async () => {
    refusals = [];
    open("/admin/security");

    expect(await screen.findByText("Nobody was refused anything")).toBeVisible();
  });

  it("shows the access table of one role, which the address keeps", async () => {
    open("/admin/security");
    const mine = await screen.findByRole("table", { name: "What may: Employee" });
    expect(within(mine).getByRole("row", { name: /Oneself/ })).toHaveTextContent("see activity, keep saved views");
    expect(within(mine).getByRole("row", { name: /Everybody and everything else/ })).toHaveTextContent("nothing");
    expect(within(mine).queryByRole("row", { name: /Somebody elsewhere/ })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Admin" }));

    expect(location.search).toBe("?role=admin");
    const theirs = screen.getByRole("table", { name: "What may: Admin" });
    expect(within(theirs).getByRole("row", { name: /Somebody elsewhere/ })).toHaveTextContent("see devices");
  });

  it("shows what the hub has no older word for as the hub calls it", async () => {
    open("/admin/security?role=admin");

    expect(await screen.findByRole("row", { name: /Oneself/ })).toHaveTextContent("see activity, turn keys");
    expect(screen.getByRole("button", { name: "keeper of keys" })).toBeVisible();
  });

  it("says in plain words how often one may try and how long a session lasts", async () => {
    open("/admin/security");

    expect(await screen.findByText("300 in 5 minutes")).toBeVisible();
    expect(screen.getByText("3,000 a minute")).toBeVisible();
    expect(screen.getByText("Refused while Redis is away")).toBeVisible();
    expect(screen.getByText("A session ends after 12 hours without a request.")).toBeVisible();
  });

  it("is there for auditors and representatives, and for nobody else", async () => {
    for (const role of ["auditor", "representative"]) {
      hub(withRole(role));
      const { unmount } = open("/admin/security");
      expect(await screen.findByText("300 in 5 minutes")).toBeVisible();
      unmount();
    }
    hub(ME);
    open("/admin/security");

    expect(await screen.findByRole("heading", { name: "There is no such page", level: 2 })).toBeVisible();
  });

  it("speaks Arabic from right to left", async () => {
    await speak("ar");
    open("/admin/security?role=admin");

    expect(await screen.findByText("من يحق له ماذا")).toBeVisible();
    expect(await screen.findByText("300 في 5 دقائق")).toBeVisible();
  });
});
