import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FIELDS } from "../policy/api";
import { type Answer, answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import type { Change, Difference, Effective, Policies, Removal, Source } from "./api";
import "./PoliciesPage"; // it is loaded before the first test asks for it

const from = (source: Source): Effective["sources"] =>
  Object.fromEntries(FIELDS.map((field) => [field, source])) as Effective["sources"];
const effective = (changes: Partial<Effective> = {}): Effective => ({
  app: true,
  site: false,
  title: false,
  input_counts: false,
  idle_limit_s: 300,
  hours: null,
  private_time: true,
  look_reason: false,
  title_days: 365,
  app_days: 365,
  count_days: 365,
  activity_days: 365,
  sum_days: 730,
  sources: from({ scope: "default", team: null }),
  ...changes,
});
const team = (id: number, name: string, parent: number | null, changes: Partial<Effective> = {}) => ({
  id,
  name,
  parent,
  people: 3,
  settings: {},
  version: 0,
  effective: effective(changes),
});
const proposal: Change = {
  id: 7,
  at: "2026-03-02T10:00:00Z",
  by: { id: 9, name: "Dora Mensah" },
  scope: "ceiling",
  about: null,
  old: { app: true, site: false, title: false, input_counts: false },
  new: { app: true, site: false, title: true, input_counts: false },
  reason: "An audit asks for titles",
  state: "proposed",
  decided_by: null,
  decided_at: null,
};
const DIFFERENCE: Difference = {
  people: 17,
  devices: 21,
  widens: [],
  asked: 0,
  without_app_min: null,
  idle_min: null,
  outside_percent: null,
  without_titles: null,
  without_counts: null,
  untold: [],
  removes: [],
};
const withRole = (role: string) => ({ ...ME, roles: [{ role, team: null }] });
let policies: Policies;
let removes: Removal[];
let week: Partial<Difference>;
let saving: Answer;
let seen: Seen[];

function hub(role: string) {
  seen = answering({
    "GET /api/me": { status: 200, body: withRole(role) },
    "GET /api/policies": () => ({ status: 200, body: policies }),
    "GET /api/policies/history": { status: 200, body: { changes: [proposal], more: false } },
    "POST /api/policies/preview": () => ({
      status: 200,
      body: { ...DIFFERENCE, widens: ["title"], asked: 15, idle_min: 400, removes, ...week },
    }),
    "POST /api/policies/ceiling/preview": () => ({ status: 200, body: { ...DIFFERENCE, ...week } }),
    "PUT /api/policies": () => saving,
    "PUT /api/policies/ceiling": { status: 200, body: { in_force: false } },
    "POST /api/policies/ceiling/7/signature": { status: 204 },
  });
}

beforeEach(() => {
  withSockets();
  sessionStorage.clear();
  removes = [];
  week = {};
  saving = { status: 200, body: { version: 3 } };
  const set = { scope: "team" as const, team: 1 };
  policies = {
    organisation: { settings: {}, version: 0, effective: effective() },
    teams: [team(1, "Engineering", null), team(2, "Payments", 1, { idle_limit_s: 420, sources: from(set) })],
    people: [],
    ceiling: { app: true, site: false, title: true, input_counts: false },
    ceiling_version: 1,
    proposal: null,
    representatives: 1,
    unavailable: ["site", "calls", "screenshots"],
  };
  hub("admin");
});

const COUNTS = "Counts of keys and clicks";
const asked = (method: string, path: string) =>
  seen.filter((each) => each.method === method && each.path === path).at(-1)?.body;

describe("the page Policies", () => {
  it("shows what a team inherits and from where, and what can't be switched on", async () => {
    open("/admin/policies?team=2");

    const collected = within(await screen.findByRole("list", { name: "What is collected" }));
    expect(screen.getByRole("heading", { name: "Policy of Payments" })).toBeVisible();
    expect(collected.getByRole("combobox", { name: "Window titles" })).toHaveDisplayValue("As above: Off");
    expect(collected.getByText("Screenshots").closest("li")).toHaveTextContent("no agent can capture it yet");
    expect(collected.getByText("Sites").closest("li")).toHaveTextContent("no agent can capture it yet");
    expect(collected.queryByRole("combobox", { name: "Sites" })).toBeNull();
    const counts = collected.getByRole("combobox", { name: COUNTS });
    expect(within(counts).queryByText("On")).toBeNull();
    expect(counts.closest("li")).toHaveTextContent("The ceiling allows no more. See the ceiling");
    expect(await faults()).toEqual([]);
  });

  it("says what a change would do before it is saved with a reason", async () => {
    open("/admin/policies?team=2");
    await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Window titles" }), "On");

    const panel = within(await screen.findByRole("complementary", { name: "1 change" }));
    expect(await panel.findByText("Collects more than before")).toBeVisible();
    expect(panel.getByText(/15 people are asked to acknowledge it/)).toBeVisible();
    const meant = within(panel.getByRole("region", { name: "What it would have meant last week" }));
    expect(meant.getAllByRole("listitem").map((line) => line.textContent)).toEqual([
      "400 min more would have been idle.",
      "What it collects more was not recorded then, so nothing can be said of it: Window titles.",
    ]);
    expect(asked("POST", "/api/policies/preview")).toEqual({ scope: "team", place: 2, policy: { title: true } });
    await userEvent.click(panel.getByRole("button", { name: "Save for 17 people" }));
    expect(panel.getByText("Say why.")).toBeVisible();
    expect(await faults()).toEqual([]);
    await userEvent.type(panel.getByRole("textbox"), "Audit");
    policies = { ...policies, teams: policies.teams.map((each) => ({ ...each, version: 3 })) };
    await userEvent.click(panel.getByRole("button", { name: "Save for 17 people" }));

    await waitFor(() =>
      expect(asked("PUT", "/api/policies")).toEqual({
        scope: "team",
        place: 2,
        policy: { title: true },
        version: 0,
        reason: "Audit",
      }),
    );
    expect(await screen.findByRole("complementary", { name: "Saved" })).toHaveTextContent("within seconds");
  });

  it("says what narrower hours, titles and counts would have left out last week, and of what that can't be told", async () => {
    week = {
      outside_percent: 12,
      without_titles: 3400,
      without_counts: 52_000,
      untold: ["app"],
      idle_min: null,
      widens: [],
    };
    open("/admin/policies?team=2");
    await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Hours" }), "Own hours");

    const meant = within(await screen.findByRole("region", { name: "What it would have meant last week" }));
    expect(meant.getAllByRole("listitem").map((line) => line.textContent)).toEqual([
      "About 12% of the active and passive time lies outside these hours and would not have been recorded.",
      "About 3,400 records would have kept no title.",
      "About 52,000 keys, clicks and scrolls would not have been counted.",
      expect.stringMatching(/^Not said here: Apps\. Of fewer than five people nothing is told/),
    ]);
    expect(await faults()).toEqual([]);
  });

  it("says what a shorter period removes for good, and offers none longer than what it belongs to", async () => {
    removes = [
      { period: "title_days", days: 30, people: 17, since: "2026-01-05", records: 12_000 },
      { period: "app_days", days: 30, people: 17, since: null, records: null },
    ];
    open("/admin/policies?team=2");
    const kept = within(await screen.findByRole("list", { name: "How long it is kept" }));
    expect(kept.getByRole("combobox", { name: "Sums of days kept" })).toHaveDisplayValue("As above: 730 days");

    await userEvent.selectOptions(kept.getByRole("combobox", { name: "Activity kept" }), "30 days");

    const titles = kept.getByRole("combobox", { name: "Titles kept" });
    expect(titles).toHaveDisplayValue("As the activity: 30 days");
    expect(within(titles).queryByText("60 days")).toBeNull();
    const goes = within(await screen.findByRole("list", { name: "Removes what is there, for good" }));
    expect(goes.getByText("Titles kept: 30 days, of 17 people").closest("li")).toHaveTextContent(
      "What is older goes the next night: about 12,000 records, the oldest of",
    );
    expect(goes.getByText(/Apps and sites kept/).closest("li")).toHaveTextContent("Of fewer than five people");
    expect(asked("POST", "/api/policies/preview")).toMatchObject({ policy: { activity_days: 30 } });
    expect(await faults()).toEqual([]);
  });

  it("keeps what was chosen when somebody else was first", async () => {
    saving = { status: 409, body: { title: "Somebody else has changed this meanwhile.", status: 409 } };
    open("/admin/policies?team=2");
    await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Idle after" }), "10 min");
    const panel = within(await screen.findByRole("complementary", { name: "1 change" }));
    await userEvent.type(panel.getByRole("textbox"), "Reading");
    await userEvent.click(await panel.findByRole("button", { name: "Save for 17 people" }));

    expect(await panel.findByRole("alert")).toHaveTextContent("Somebody else has changed this meanwhile.");
    expect(panel.getByRole("button", { name: "See it as it is now" })).toBeVisible();
    expect(screen.getByRole("combobox", { name: "Idle after" })).toHaveDisplayValue("10 min");
  });

  it("is for representatives to read, and to sign a higher ceiling", async () => {
    policies = { ...policies, ceiling: { ...policies.ceiling, title: false }, proposal };
    hub("representative");
    open("/admin/policies");
    expect((await screen.findByText("Window titles")).closest("li")).toHaveTextContent("Off");
    expect(screen.queryByRole("combobox")).toBeNull();
    await userEvent.click(screen.getByRole("link", { name: "Ceiling" }));

    const proposed = within(screen.getByRole("complementary", { name: "Proposed: Window titles" }));
    expect(proposed.getByText("An audit asks for titles")).toBeVisible();
    expect(await proposed.findByText("21")).toBeVisible();
    expect(asked("POST", "/api/policies/ceiling/preview")).toEqual(proposal.new);
    expect(await faults()).toEqual([]);
    await userEvent.click(proposed.getByRole("button", { name: "Sign" }));

    await waitFor(() => expect(asked("POST", "/api/policies/ceiling/7/signature")).toEqual({ sign: true }));
  });

  it("says that a higher ceiling waits for a signature", async () => {
    week = { people: 0, devices: 0 };
    open("/admin/policies?ceiling=");
    const counts = (await screen.findByText(COUNTS)).closest("li");
    expect(screen.queryByText("Sites")).toBeNull();
    await userEvent.click(within(counts as HTMLElement).getByRole("checkbox", { name: "May not be switched on" }));

    const panel = within(screen.getByRole("complementary", { name: "Propose to raise it" }));
    expect(await panel.findByText(/By itself it changes nobody's policy/)).toBeVisible();
    await userEvent.type(panel.getByRole("textbox"), "Web team");
    await userEvent.click(panel.getByRole("button", { name: "Propose to raise it" }));
    await waitFor(() =>
      expect(asked("PUT", "/api/policies/ceiling")).toEqual({
        ceiling: { app: true, site: false, title: true, input_counts: true },
        version: 1,
        reason: "Web team",
      }),
    );
  });

  it("tells who changed what and why", async () => {
    open("/admin/policies?history=");

    const line = within(await screen.findByRole("list", { name: "History" })).getByRole("listitem");
    expect(line).toHaveTextContent("Ceiling");
    expect(line).toHaveTextContent("Window titles: Off to On");
    expect(line).toHaveTextContent("An audit asks for titles");
    expect(line).toHaveTextContent("waits for a signature");
  });

  it("saves a document under the name that the hub gives, in the language of the page", async () => {
    const user = userEvent.setup();
    const headers = { "content-disposition": 'attachment; filename="daylight-dpia.pdf"' };
    const saved: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download);
    });
    URL.createObjectURL = () => "blob:here";
    URL.revokeObjectURL = () => undefined;
    open("/admin/policies");
    await user.click(await screen.findByRole("link", { name: "Documents" }));
    const button = await screen.findByRole("button", { name: "Save Data protection impact assessment as PDF" });
    answering({ "GET /api/papers/dpia.pdf": { status: 503, body: { title: "The database is away." } } });
    await user.click(button);
    expect(await screen.findByText("The database is away.")).toBeVisible();

    seen = answering({ "GET /api/papers/dpia.pdf": { status: 200, headers } });
    await user.click(button);

    await waitFor(() => expect(saved).toEqual(["daylight-dpia.pdf"]));
    expect(seen.at(-1)?.path).toContain("language=en");
    expect(await faults()).toEqual([]);
  });
});
