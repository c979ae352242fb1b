import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { speak } from "../i18n/i18n";
import { type Answer, answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import { saving } from "../testing/saved";
import { ACTS, type Chain, type Entry } from "./api";
import "./AuditPage"; // it is loaded before the first test asks for it

const BOB = { id: 2, name: "Bob Brandt" };
const ALICE = { id: 1, name: "Alice Okafor" };
const row = (id: number, change: Partial<Entry>): Entry => ({
  id,
  at: "2026-03-02T10:00:00Z",
  act: "sign_in",
  by: null,
  client: null,
  about: null,
  team: null,
  detail: {},
  place: id,
  ...change,
});
const CHAIN: Chain = {
  rows: 1200,
  head: "ab".repeat(32),
  key: "cd".repeat(32),
  waiting: 0,
  checked: { rows: 1200, broken: "", away: "" },
  checked_at: "2026-03-02T03:20:00Z",
  checking: false,
  kept: 1198,
  kept_at: "2026-03-02T03:20:00Z",
};
const withRole = (role: string) => ({ ...ME, roles: [{ role, team: null }] });
let entries: Entry[];
let chain: Chain;
/** What saving is answered. */
let refusal: Answer | null;
let seen: Seen[];

function hub(me: object) {
  seen = answering({
    "GET /api/me": { status: 200, body: me },
    "GET /api/audit": () => {
      const asked = new URLSearchParams(seen.at(-1)?.path.split("?")[1]);
      const before = Number(asked.get("before") ?? Number.POSITIVE_INFINITY);
      const acts = asked.getAll("act");
      const rest = entries.filter(({ id, act }) => id < before && (acts.length === 0 || acts.includes(act)));
      return { status: 200, body: { entries: rest.slice(0, 3), more: rest.length > 3 } };
    },
    "POST /api/exports": () => refusal ?? { status: 204 },
    "GET /api/audit/chain": () => ({ status: 200, body: chain }),
    "POST /api/audit/chain/check": () => {
      chain = {
        ...chain,
        checked: { rows: 3, broken: "place 4, row 9: it is not what was sealed", away: "no answer" },
      };
      return { status: 202, body: chain };
    },
  });
}

beforeEach(() => {
  withSockets();
  chain = CHAIN;
  refusal = null;
  entries = [
    row(9, { act: "look_person", by: ALICE, about: BOB, detail: { sitting: "e5" }, place: null }),
    row(8, {
      act: "person_changed",
      by: ALICE,
      about: BOB,
      detail: { changed: { name: { old: "Bob", new: "Bob Brandt" } } },
    }),
    row(7, { act: "role_granted", about: BOB, team: { id: 3, name: "Payments" }, detail: { role: "manager" } }),
    row(6, { act: "brand_new_act", client: { id: 1, name: "Payroll" }, detail: { something: 7, off: false } }),
    row(5, { act: "backup_made", detail: { reason: "file_7 of Bob", made_at: "2026-03-02T03:20:00.5+00:00" } }),
  ];
  hub(withRole("auditor"));
});

const lines = async () =>
  within(await screen.findByRole("list", { name: "What was done" }))
    .getAllByRole("listitem")
    .map((line) => [...(line.firstElementChild?.children ?? [])].map((part) => part.textContent).join(" · "));

describe("the page Audit", () => {
  it("says what was done by whom about whom, and earlier ones on request", async () => {
    open("/admin/audit");

    expect(await lines()).toEqual([
      "Looked at a person · Alice Okafor · about Bob Brandt",
      "Person changed · Alice Okafor · about Bob Brandt · name: Bob → Bob Brandt",
      "Role given · The system, or somebody unknown · about Bob Brandt · team Payments · role: manager",
    ]);
    expect(screen.getByText("being sealed")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Earlier ones" }));
    await waitFor(async () => expect(await lines()).toHaveLength(5));
    expect((await lines())[3]).toBe("brand new act · program Payroll · something: 7");
    expect((await lines())[4]).toMatch(/ · reason: file_7 of Bob · as of: \d Mar 2026, \d\d:\d\d$/);
    expect(await faults()).toEqual([]);
  });

  it("asks for a kind, a person and days, and keeps them in the address", async () => {
    open("/admin/audit?from=2026-03-01&to=2026-03-02");
    await lines();
    await userEvent.selectOptions(screen.getByLabelText("Kind"), "Looks and exports");
    await userEvent.click(await screen.findByRole("button", { name: "Bob Brandt" }));

    const asked = () =>
      new URLSearchParams(seen.findLast(({ path }) => path.startsWith("/api/audit?"))?.path.split("?")[1]);
    await waitFor(() => expect(asked().get("person")).toBe("2"));
    expect(asked().getAll("act")).toEqual([...ACTS.looks]);
    expect(asked().get("since")).toBe(new Date(2026, 2, 1).toISOString());
    expect(asked().get("until")).toBe(new Date(2026, 2, 3).toISOString());
    expect(await screen.findByRole("button", { name: /Only Bob Brandt/ })).toBeVisible();
  });

  it("offers everything again where nothing fits", async () => {
    open("/admin/audit?kind=devices");

    await userEvent.click(await screen.findByRole("button", { name: "Show everything" }));
    expect(await lines()).toHaveLength(3);
  });

  it("says that the chain held, has it checked, and says where it was changed", async () => {
    open("/admin/audit");

    expect(await screen.findByText(/Unchanged: all 1,200 rows/)).toBeVisible();
    expect(screen.getByText(/kept in the object store as well, the newest of row 1,198/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Check now" }));
    expect(await screen.findByText(/Changed by somebody at place 4, row 9/)).toBeVisible();
    expect(screen.getByText(/did not answer at the last check/)).toBeVisible();
  });

  it("saves the whole under the name that the hub gives", async () => {
    const saved: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download);
    });
    URL.createObjectURL = () => "blob:here";
    URL.revokeObjectURL = () => undefined;
    open("/admin/audit");
    await screen.findByText(/Unchanged/);
    vi.spyOn(globalThis, "fetch").mockResolvedValueOnce(
      new Response("{}", { headers: { "content-disposition": 'attachment; filename="audit-2026.jsonl"' } }),
    );
    await userEvent.click(screen.getByRole("button", { name: "Save it all" }));

    await waitFor(() => expect(saved).toEqual(["audit-2026.jsonl"]));
  });

  it("saves what was found as a file, once the hub has noted that", async () => {
    const saved = saving();
    open("/admin/audit?find=bob");
    await lines();
    refusal = { status: 503, body: { title: "The database is away." } };
    await userEvent.click(screen.getByRole("button", { name: "Download" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "CSV" }));
    expect(await screen.findByText(/The database is away/)).toBeVisible();
    refusal = null;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(saved).toHaveLength(1));

    const rows = ((await saved[0]?.file.text()) ?? "").split("\r\n");
    expect(rows).toHaveLength(6);
    expect(rows[2]).toBe(
      "2026-03-02T10:00:00Z,Person changed,person_changed,Alice Okafor,,Bob Brandt,,name: Bob → Bob Brandt,8",
    );
    expect(seen.filter(({ method }) => method === "POST").map(({ body }) => body)).toEqual([
      { of: "audit" },
      { of: "audit" },
    ]);
    expect(seen.filter(({ path }) => path.includes("limit=200")).every(({ path }) => path.includes("find=bob"))).toBe(
      true,
    );
  });

  it("is not there for admins, who see nobody's looks", async () => {
    hub(withRole("admin"));
    open("/admin/audit");

    expect(await screen.findByRole("heading", { name: "There is no such page", level: 2 })).toBeVisible();
  });

  it("has words for every act", async () => {
    await speak("ar");
    open("/admin/audit");
    expect(await screen.findByText("اطّلع على شخص")).toBeVisible();
    await speak("en");
  });
});
