import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Day } from "../day/api";
import { speak } from "../i18n/i18n";
import type { MyPolicy } from "../policy/api";
import { dayOf, NOW_MS } from "../testing/day";
import { answering, withSockets } from "../testing/hub";
import { myPolicy, policyOf } from "../testing/policy";
import { faults, ME, open } from "../testing/render";
import type { Look } from "./api";

const mine = (changes: Partial<Day> = {}) =>
  dayOf({
    person: {
      id: 1,
      name: "Alice Adams",
      zone: "Europe/Warsaw",
      team: { id: 1, name: "Payments" },
      working_hours: null,
    },
    own: true,
    looked_at: null,
    ...changes,
  });
const look = (id: number, at: string, kind: Look["kind"], by = "Carol Chen"): Look => ({
  id,
  at,
  kind,
  by: { id: 3, name: by },
  team: kind === "wall" ? { id: 1, name: "Payments" } : null,
  client: false,
  reason: "",
});
const hub = (looks: Look[] = [], day = mine()) => ({
  "GET /api/me": { status: 200, body: ME },
  "GET /api/people/1/now": { status: 200, body: day },
  "GET /api/me/looks": { status: 200, body: { looks, more: false } },
  "GET /api/me/policy": { status: 200, body: myPolicy() },
  "GET /api/me/rights": { status: 200, body: { requests: [], restricted_at: null, held: null } },
  "GET /api/me/pause": { status: 200, body: { pause: null, private_time: true, started: null, startable: null } },
  "GET /api/devices": { status: 200, body: [] },
});

beforeEach(() => {
  withSockets();
  vi.useFakeTimers({ now: NOW_MS, shouldAdvanceTime: true });
});
afterEach(async () => {
  await speak("en");
  vi.useRealTimers();
});

describe("my data", () => {
  it("says what is collected about me, and what is not", async () => {
    answering(hub());
    open("/my-data");

    expect(await screen.findByRole("list", { name: "Collected" })).toHaveTextContent("The app in front");
    expect(screen.getByRole("list", { name: "Not collected" })).toHaveTextContent("What is typed");
    expect(await faults()).toEqual([]);
  });

  it("shows my day as my managers see it", async () => {
    answering(hub());
    open("/my-data");

    expect(await screen.findByText("4 h 51")).toBeVisible();
    expect(screen.getByRole("listbox", { name: "Last hour, piece by piece" })).toBeVisible();
    expect(screen.getByText("Times are Europe/Warsaw.")).toBeVisible();
    expect(screen.queryByText(/access ledger/)).toBeNull();
  });

  it("names my devices, and leads to where they are managed", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    answering({ ...hub(), "GET /api/devices": { status: 200, body: [] } });
    open("/my-data");
    expect(await screen.findByRole("list", { name: "Devices" })).toHaveTextContent("ben-laptop");
    await user.click(screen.getByRole("link", { name: "Manage devices" }));

    expect(await screen.findByRole("heading", { level: 1, name: "Devices" })).toBeVisible();
  });

  it("asks whether the agent runs on a device that went silent while I usually work", async () => {
    const last_seen_at = new Date(NOW_MS - 7_200_000).toISOString();
    const silent = {
      id: "a",
      name: "ben-laptop",
      system: "",
      enrolled_at: last_seen_at,
      last_seen_at,
      revoked_at: null,
    };
    answering({ ...hub(), "GET /api/devices": { status: 200, body: [{ ...silent, missing: true }] } });
    open("/my-data");

    expect(await screen.findByText(/Nothing has been heard of ben-laptop since/)).toBeVisible();
  });

  it("says so while there is no device", async () => {
    answering(hub([], mine({ devices: [], hour: [], apps: [], apps_rest_s: 0 })));
    open("/my-data");

    expect(await screen.findByText("No device is enrolled.")).toBeVisible();
    expect(screen.getByText(/Nothing now: you have no device enrolled/)).toBeVisible();
    expect(screen.getByText("No device of yours tells of today.")).toBeVisible();
    expect(screen.getByRole("link", { name: "Enrol a device" })).toHaveAttribute("href", "/devices?enrol");
    expect(screen.queryByText(/by now/)).toBeNull();
  });
});

describe("my policy", () => {
  it("is told with its hours, and how it came about", async () => {
    const office = policyOf({
      version: 4,
      hours: [0, 1, 2, 3, 4].map((day) => [day * 1440 + 540, day * 1440 + 1020]),
      zone: "Europe/Oslo",
    });
    const change = {
      at: "2026-03-02T10:00:00Z",
      by: "Dora Mensah",
      scope: "team" as const,
      reason: "Evenings are yours",
      old: policyOf(),
      new: office,
      widens: [],
      acknowledged_at: null,
    };
    answering({
      ...hub(),
      "GET /api/me/policy": { status: 200, body: myPolicy({ policy: office, history: [change] }) },
    });
    open("/my-data");

    expect(await screen.findByText(/Only Mon–Fri 09:00–17:00 \(Europe\/Oslo\)/)).toBeVisible();
    const line = within(screen.getByRole("list", { name: "How it came about" })).getByRole("listitem");
    expect(line).toHaveTextContent("Dora Mensah, for your team");
    expect(line).toHaveTextContent("Hours: at any time to Mon–Fri 09:00–17:00");
    expect(line).toHaveTextContent("Evenings are yours");
  });

  it("that collects more waits for me, without a deadline, and counts once I have seen it", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    const wider = policyOf({ version: 5, title: true });
    let waiting: MyPolicy["waiting"] = {
      number: 12,
      policy: wider,
      widens: ["title"],
      since_at: "2026-03-03T10:00:00Z",
      reason: "An audit",
    };
    const seen = answering({
      ...hub(),
      "GET /api/me": () => ({ status: 200, body: { ...ME, ...(waiting && { policy_waits: true }) } }),
      "GET /api/me/policy": () => ({
        status: 200,
        body: waiting ? myPolicy({ waiting }) : myPolicy({ policy: wider }),
      }),
      "POST /api/me/policy/acknowledgement": () => {
        waiting = null;
        return { status: 204 };
      },
    });
    open("/devices");
    await user.click(await screen.findByRole("link", { name: "Read it" }));
    const note = within(await screen.findByRole("region", { name: "A new policy waits for you" }));
    expect(note.getByText("It goes further: window titles.")).toBeVisible();
    expect(within(note.getByRole("list", { name: "What changes then" })).getByRole("listitem")).toHaveTextContent(
      "Window titles: off to on",
    );
    expect(note.getByText("An audit")).toBeVisible();
    expect(note.getByText(/no deadline, and nobody is shown whether you have/)).toBeVisible();
    expect(await faults()).toEqual([]);
    await user.click(note.getByRole("button", { name: "I have seen it" }));

    expect(await screen.findByText(/Policy 5/)).toBeVisible();
    expect(screen.queryByRole("region", { name: "A new policy waits for you" })).toBeNull();
    expect(seen.find(({ method }) => method === "POST")?.body).toEqual({ number: 12 });
  });
});

describe("who looked at me", () => {
  it("is told by day, my details apart from my team's live page", async () => {
    answering(
      hub([
        look(9, "2026-03-03T13:02:00Z", "person"),
        look(8, "2026-03-03T13:02:00Z", "person"),
        { ...look(10, "2026-03-03T13:01:00Z", "person", "Payroll"), client: true },
        look(5, "2026-03-03T08:00:00Z", "wall"),
        look(7, "2026-03-02T15:00:00Z", "wall", "Dan Diaz"),
        { ...look(6, "2026-02-27T15:00:00Z", "person"), reason: "You asked me to" },
      ]),
    );
    open("/my-data");
    const today = within(await screen.findByRole("list", { name: "Today" }));

    expect(today.getAllByRole("listitem").map((line) => line.textContent)).toEqual([
      "Carol Chen opened your details 2 times14:02",
      "Payroll (a program) read your details14:01",
      "Carol Chen had the live page of Payments open09:00",
    ]);
    expect(screen.getByRole("list", { name: "Yesterday" })).toHaveTextContent("Dan Diaz had the live page");
    expect(screen.getByRole("list", { name: /27 February 2026/ })).toHaveTextContent(
      "opened your detailsYou asked me to",
    );
    expect(await faults()).toEqual([]);
  });

  it("of a live page that stayed open tells from when to when; after a longer pause it is another look", async () => {
    answering(
      hub([
        look(9, "2026-03-03T13:00:35Z", "wall"),
        look(8, "2026-03-03T12:10:00Z", "person", "Dan Diaz"),
        look(7, "2026-03-03T12:00:35Z", "wall"),
        look(6, "2026-03-03T11:20:00Z", "wall"),
        look(5, "2026-03-03T08:00:40Z", "wall"),
      ]),
    );
    open("/my-data");
    const today = within(await screen.findByRole("list", { name: "Today" }));

    expect(today.getAllByRole("listitem").map((line) => line.textContent)).toEqual([
      "Carol Chen had the live page of Payments open (noted 3 times)12:20 to 14:00",
      "Dan Diaz opened your details13:10",
      "Carol Chen had the live page of Payments open09:00",
    ]);
  });

  it("says of who was erased since that somebody looked", async () => {
    answering(hub([look(9, "2026-03-03T13:02:00Z", "person", "")]));
    open("/my-data");

    expect(await screen.findByRole("list", { name: "Today" })).toHaveTextContent(
      "Somebody erased since opened your details",
    );
  });

  it("is said to be nobody when it is", async () => {
    answering(hub());
    open("/my-data");

    expect(await screen.findByText("Nobody has looked yet")).toBeVisible();
  });

  it("shows who looks right now within a second, and asks nothing while nobody sees it", async () => {
    const looks: Look[] = [look(8, "2026-03-03T11:00:00Z", "person")];
    const seen = answering({
      ...hub(),
      "GET /api/me/looks": () => ({ status: 200, body: { looks: looks.slice(0, 20), more: false } }),
      "GET /api/me/looks?limit=1": () => ({ status: 200, body: { looks: looks.slice(0, 1), more: looks.length > 1 } }),
    });
    open("/my-data");
    await screen.findByRole("list", { name: "Today" });
    looks.unshift(look(9, new Date(NOW_MS).toISOString(), "person", "Mara Boss"));
    await act(() => vi.advanceTimersByTimeAsync(1000));

    expect(await screen.findByText("Mara Boss opened your details")).toHaveAttribute("role", "status");
    expect(within(screen.getByRole("list", { name: "Today" })).getByText("Mara Boss")).toBeVisible();

    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    act(() => void document.dispatchEvent(new Event("visibilitychange")));
    const asked = seen.length;
    await act(() => vi.advanceTimersByTimeAsync(5000));
    expect(seen.slice(asked).filter(({ path }) => path.includes("looks"))).toEqual([]);
  });

  it("goes back as far as it is asked to, and is kept when the older can't be had", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    const older = [{ status: 503, body: { title: "The database is away." } as object }];
    const seen = answering({
      ...hub(),
      "GET /api/me/looks?limit=20": {
        status: 200,
        body: { looks: [look(9, "2026-03-03T13:02:00Z", "person")], more: true },
      },
      "GET /api/me/looks?limit=20&before=9": () =>
        older.shift() ?? {
          status: 200,
          body: { looks: [look(4, "2026-03-03T12:00:00Z", "wall")], more: false },
        },
    });
    open("/my-data");
    await user.click(await screen.findByRole("button", { name: "Show older" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("The database is away.");
    expect(screen.getByRole("list", { name: "Today" })).toHaveTextContent("opened your details");
    await user.click(screen.getByRole("button", { name: "Try again" }));

    await waitFor(() =>
      expect(within(screen.getByRole("list", { name: "Today" })).getAllByRole("listitem")).toHaveLength(2),
    );
    expect(screen.queryByRole("alert")).toBeNull();
    expect(screen.queryByRole("button", { name: "Show older" })).toBeNull();
    expect(seen.filter(({ path }) => path.includes("before=9"))).toHaveLength(2);
  });

  it("saves everything under the name that the hub gives, and says what went wrong", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    answering({ ...hub(), "GET /api/me/export": { status: 503, body: { title: "The database is away." } } });
    const saved: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download);
    });
    URL.createObjectURL = () => "blob:here";
    URL.revokeObjectURL = () => undefined;
    open("/my-data");
    await user.click(await screen.findByRole("button", { name: "Save everything" }));
    expect(await screen.findByText("The database is away.")).toBeVisible();

    const headers = { "content-disposition": 'attachment; filename="daylight-x.zip"' };
    answering({ ...hub(), "GET /api/me/export": { status: 200, headers } });
    await user.click(screen.getByRole("button", { name: "Save everything" }));
    await waitFor(() => expect(saved).toEqual(["daylight-x.zip"]));
    expect(screen.queryByText("The database is away.")).toBeNull();
  });

  it("is shown while my day can't be read, which says why", async () => {
    answering({
      ...hub([look(9, "2026-03-03T13:02:00Z", "person")]),
      "GET /api/people/1/now": { status: 503, body: { title: "The database is away.", request_id: "r-17" } },
    });
    open("/my-data");

    expect(await screen.findByRole("alert")).toHaveTextContent("The database is away.Request r-17");
    expect(await screen.findByRole("list", { name: "Today" })).toBeVisible();
  });

  it("reads from right to left in Arabic, and axe finds nothing", async () => {
    answering(hub([look(9, "2026-03-03T13:02:00Z", "person")]));
    open("/my-data");
    await screen.findByText("4 h 51");
    await act(() => speak("ar"));

    expect(await screen.findByRole("list", { name: "اليوم" })).toHaveTextContent("فتح تفاصيلك");
    expect(document.documentElement).toHaveAttribute("dir", "rtl");
    expect(await faults()).toEqual([]);
  });
});
