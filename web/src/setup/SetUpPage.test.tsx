import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../enrol/api";
import { speak } from "../i18n/i18n";
import { type Answer, answering, HubSocket, type Seen, withSockets } from "../testing/hub";
import { myPolicy, policyOf } from "../testing/policy";
import { command, faults, ME, open } from "../testing/render";
import "./SetUpPage"; // The page comes later otherwise: to a busy machine seconds later.

const WEEK = [480, 480, 480, 480, 480, 0, 0];
const ADMIN = {
  ...ME,
  roles: [{ role: "admin", team: null }],
  organisation: { name: "My organisation", zone: "UTC", demo: false, expected_min: WEEK, set_up: false, version: 1 },
  team: null as { id: number; name: string } | null,
  manages: false,
  device: false,
};
const laptop: Device = {
  id: "0b2f",
  name: "alice-laptop",
  system: "Linux",
  enrolled_at: "2026-03-02T10:00:00Z",
  last_seen_at: null,
  revoked_at: null,
  simulated: false,
};

/** A hub that keeps what the set-up tells it. */
let me: typeof ADMIN;
let devices: Device[];
let refusals: Record<string, Answer>;
let seen: Seen[];

function hub() {
  const answer = (route: string, does: (body: never) => Answer) => [
    route,
    () => refusals[route] ?? does(seen.at(-1)?.body as never),
  ];
  seen = answering(
    Object.fromEntries([
      answer("GET /api/me", () => ({ status: 200, body: me })),
      answer("GET /api/zones", () => ({
        status: 200,
        body: ["Africa/Cairo", "America/New_York", "Europe/Oslo", "UTC"],
      })),
      answer("PUT /api/organisation", (body: object) => {
        me = { ...me, organisation: { ...me.organisation, ...body, version: me.organisation.version + 1 } };
        return { status: 200, body: me.organisation };
      }),
      answer("POST /api/teams", ({ name, join, manage }: { name: string; join: boolean; manage: boolean }) => {
        me = { ...me, team: join ? { id: 7, name } : me.team, manages: me.manages || manage };
        return { status: 201, body: { id: 7 } };
      }),
      answer("POST /api/organisation/set-up", () => {
        me = { ...me, organisation: { ...me.organisation, set_up: true } };
        return { status: 204 };
      }),
      answer("GET /api/me/policy", () => ({ status: 200, body: myPolicy({ policy: policyOf({ title: true }) }) })),
      answer("GET /api/devices", () => ({ status: 200, body: devices })),
      answer("POST /api/devices/code", () => ({
        status: 201,
        body: { code: "ABCD-EFGH", expires_at: new Date(Date.now() + 599_000).toISOString() },
      })),
    ]),
  );
}

const sent = (route: string) =>
  seen.filter(({ method, path }) => `${method} ${path}` === route).map(({ body }) => body);
const step = (name: string) => screen.findByRole("heading", { name: new RegExp(`${name}$`) });
const go = (name = "Continue") => userEvent.click(screen.getByRole("button", { name }));
const box = (name: string) => screen.getByRole("textbox", { name });

beforeEach(() => {
  withSockets();
  sessionStorage.clear();
  me = structuredClone(ADMIN);
  devices = [];
  refusals = {};
  hub();
});
afterEach(() => sessionStorage.clear());

describe("the set-up", () => {
  it("opens by itself for the first admin, once; Later leads to Live, and the navigation back", async () => {
    open("/");
    expect(await step("Your organisation")).toBeVisible();
    await go("Later");
    expect(await screen.findByRole("heading", { name: "Live" })).toBeVisible();
    await userEvent.click(screen.getByRole("link", { name: "Set up" }));

    expect(await step("Your organisation")).toBeVisible();
    expect(sent("POST /api/organisation/set-up")).toEqual([]);
  });

  it("is nothing for others, nor for admins of an organisation that is set up", async () => {
    me = { ...me, organisation: { ...me.organisation, set_up: true } };
    open("/");
    expect(await screen.findByRole("heading", { name: "Live" })).toBeVisible();
    expect(screen.queryByRole("link", { name: "Set up" })).toBeNull();
  });

  it("is not there for who is no admin", async () => {
    me = { ...me, roles: [{ role: "manager", team: 1 as unknown as null }] };
    open("/set-up");

    expect(await screen.findByText("The address may be mistyped, or from another version of Daylight.")).toBeVisible();
  });

  it("goes from an empty organisation to a device on Live, saving each step as it is left", async () => {
    open("/set-up");
    await userEvent.clear(await screen.findByRole("textbox", { name: "Name" }));
    await userEvent.type(box("Name"), "Halden");
    const zone = screen.getByRole("combobox", { name: "Time zone" });
    await userEvent.clear(zone);
    await userEvent.type(zone, "new y");
    await userEvent.click(await screen.findByRole("option", { name: /America\/New York/ }));
    await go();
    expect(await step("Working hours")).toHaveFocus();
    expect(sent("PUT /api/organisation")).toEqual([
      { name: "Halden", zone: "America/New_York", expected_min: WEEK, version: 1 },
    ]);

    await userEvent.click(screen.getByRole("button", { name: "Mon–Fri 7 h 30" }));
    const friday = screen.getByRole("spinbutton", { name: "Friday" });
    await userEvent.clear(friday);
    await userEvent.type(friday, "4,5");
    expect(screen.getByText("34 h 30")).toBeVisible();
    await userEvent.keyboard("{Enter}");
    expect(await step("Your first team")).toHaveFocus();
    expect(sent("PUT /api/organisation").at(-1)).toMatchObject({
      expected_min: [450, 450, 450, 450, 270, 0, 0],
      version: 2,
    });

    await userEvent.type(box("Name of the team"), "Payments");
    await userEvent.click(screen.getByRole("checkbox", { name: "I work in this team" }));
    await go();
    expect(await step("Your first device")).toHaveFocus();
    expect(sent("POST /api/teams")).toEqual([{ name: "Payments", join: false, manage: true }]);

    expect(await screen.findByText(command(`daylight agent enrol --hub ${location.origin} ABCD-EFGH`))).toBeVisible();
    expect(screen.getByText(/it is \.venv\/bin\/daylight/)).toBeVisible();
    const collected = within(screen.getByRole("list", { name: "Collected" }));
    expect(collected.getByText(/title/i)).toBeVisible(); // by the policy that is in force
    expect(screen.getByRole("timer").textContent).toMatch(/^9:5\d$/);
    devices = [laptop];
    expect(await screen.findByText("Enrolled: alice-laptop")).toBeVisible();
    expect(screen.getByText(command("daylight agent run"))).toBeVisible();
    devices = [{ ...laptop, last_seen_at: new Date().toISOString() }];
    expect(await screen.findByText("Data has come: it is on Live")).toBeVisible();
    await go();

    expect(await step("Daylight is set up")).toHaveFocus();
    expect(sent("POST /api/organisation/set-up")).toHaveLength(1);
    expect(screen.getByRole("link", { name: "Open People" })).toHaveAttribute("href", "/people");
    expect(screen.getByRole("link", { name: "Import a spreadsheet" })).toHaveAttribute("href", "/people/import");
    await go("Open Live");
    expect(await screen.findByRole("heading", { name: "Live" })).toBeVisible();
    expect(HubSocket.all.length).toBeGreaterThan(0);
  });

  it.each(["organisation", "hours", "team", "device", "done"])("has nothing that axe finds in %s", async (name) => {
    open(`/set-up?step=${name}`);
    await screen.findByRole("heading", { level: 2 });

    expect(await faults()).toEqual([]);
  });

  it("can do without a team and a device", async () => {
    open("/set-up?step=team");
    await step("Your first team");
    await go("Skip this step");
    await step("Your first device");
    await go("Skip this step");

    expect(await step("Daylight is set up")).toBeVisible();
    expect(sent("POST /api/teams")).toEqual([]);
    expect(sent("POST /api/organisation/set-up")).toHaveLength(1);
  });

  it("takes the browser's zone for the likeliest, until one is set", async () => {
    open("/set-up");
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");

    expect(await screen.findByRole("combobox", { name: "Time zone" })).toHaveValue(own);
  });

  it("keeps what was typed through a reload and a sign-out", async () => {
    const { unmount } = open("/set-up?step=hours");
    const monday = await screen.findByRole("spinbutton", { name: "Monday" });
    await userEvent.clear(monday);
    await userEvent.type(monday, "6:15");
    refusals["PUT /api/organisation"] = { status: 401, body: { title: "Sign in first." } };
    await go();
    expect(await screen.findByText("You were signed out")).toBeVisible();
    unmount();
    refusals = {};
    open("/set-up?step=hours");

    expect(await screen.findByRole("spinbutton", { name: "Monday" })).toHaveValue("6:15");
    await go();
    await step("Your first team");
    expect(sent("PUT /api/organisation").at(-1)).toMatchObject({ expected_min: [375, 480, 480, 480, 480, 0, 0] });
  });

  it("goes back without making the team, and never makes it twice", async () => {
    open("/set-up?step=team");
    await userEvent.type(await screen.findByRole("textbox", { name: "Name of the team" }), "Payments");
    await go("Back");
    await step("Working hours");
    expect(sent("POST /api/teams")).toEqual([]);
    await go();
    await step("Your first team");
    expect(box("Name of the team")).toHaveValue("Payments");
    await go();
    await step("Your first device");
    await userEvent.click(
      within(screen.getByRole("navigation", { name: "Steps" })).getByRole("button", { name: /First team/ }),
    );
    expect(await screen.findByText("Payments is made")).toBeVisible();
    await go();

    await step("Your first device");
    expect(sent("POST /api/teams")).toHaveLength(1);
  });

  it("tells screen readers which step this is, and which are done", async () => {
    open("/set-up?step=hours");
    expect(await screen.findByRole("heading", { name: "Step 2 of 5 Working hours" })).toBeVisible();
    const steps = within(screen.getByRole("navigation", { name: "Steps" }));

    expect(steps.getByRole("button", { name: /Organisation.*done/ })).toBeVisible();
    expect(steps.getByText("Working hours").closest("[aria-current=step]")).not.toBeNull();
  });

  it("continues on Enter right after a step was read out", async () => {
    open("/set-up?step=organisation");
    await screen.findByRole("textbox", { name: "Name" });
    await go();
    await step("Working hours");
    await userEvent.keyboard("{Enter}");

    expect(await step("Your first team")).toHaveFocus();
  });

  it("runs from right to left in Arabic", async () => {
    await speak("ar");
    open("/set-up?step=hours");

    expect(await screen.findByRole("heading", { name: /ساعات العمل$/ })).toBeVisible();
    expect(screen.getByRole("spinbutton", { name: "الاثنين" })).toHaveValue("8:00");
    expect(await faults()).toEqual([]);
  });
});

describe("a mistake", () => {
  it("stands beside its box, which has the focus", async () => {
    open("/set-up");
    await userEvent.clear(await screen.findByRole("textbox", { name: "Name" }));
    await go();

    await waitFor(() => expect(box("Name")).toHaveFocus());
    expect(box("Name")).toHaveAccessibleDescription("A name is needed. People see it at the top of each page.");
    expect(box("Name")).toBeInvalid();
    expect(sent("PUT /api/organisation")).toEqual([]);
    expect(await faults()).toEqual([]);
  });

  it("in the hours leads to the first wrong day", async () => {
    open("/set-up?step=hours");
    const tuesday = await screen.findByRole("spinbutton", { name: "Tuesday" });
    await userEvent.clear(tuesday);
    await userEvent.type(tuesday, "25");
    await go();

    await waitFor(() => expect(tuesday).toHaveFocus());
    expect(tuesday).toHaveAccessibleDescription("Write hours as 7:30 or 7.5, at most 24.");
    expect(sent("PUT /api/organisation")).toEqual([]);
  });

  it("that only the hub knows of is told at the box it names", async () => {
    refusals["PUT /api/organisation"] = { status: 400, body: { title: "This is no time zone.", field: "zone" } };
    open("/set-up");
    await screen.findByRole("textbox", { name: "Name" });
    await userEvent.type(box("Name"), "!");
    await go();
    const zone = screen.getByRole("combobox", { name: "Time zone" });

    await waitFor(() => expect(zone).toHaveFocus());
    expect(zone).toHaveAccessibleDescription("This is no time zone.");
  });

  it("of the hub's keeps the step and says what to quote", async () => {
    refusals["POST /api/teams"] = { status: 503, body: { title: "The database is away.", request_id: "r-9" } };
    open("/set-up?step=team");
    await userEvent.type(await screen.findByRole("textbox", { name: "Name of the team" }), "Payments");
    await go();

    expect(await screen.findByRole("alert")).toHaveTextContent(
      "The database is away.What you typed is kept.Request r-9",
    );
    expect(box("Name of the team")).toHaveValue("Payments");
  });
});
