import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { speak } from "../i18n/i18n";
import { answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import { saving } from "../testing/saved";
import type { OwnedDevice } from "./api";

const PER_PAGE = 2;
const DAY_MS = 86_400_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

function device(name: string, person_name: string, change: Partial<OwnedDevice> = {}): OwnedDevice {
  return {
    id: name,
    name,
    person: 1,
    person_name,
    system: "Debian 12",
    version: "0.1.0",
    enrolled_at: "2026-03-02T10:00:00Z",
    last_seen_at: ago(1_000),
    revoked_at: null,
    suspended_at: null,
    simulated: false,
    ...change,
  };
}

/** A hub with a few devices, two on a page. */
let held: OwnedDevice[];
let seen: Seen[];
/** How many ask for a look. */
let looks: { missing: number; suspended: number };
/** What the list waits for. */
let come: Promise<void>;
const ADMIN = { ...ME, roles: [{ role: "admin", team: null }], organisation: { ...ME.organisation, demo: false } };

function hub(me: object = ADMIN) {
  seen = answering({
    "GET /api/me": { status: 200, body: me },
    "GET /api/devices": { status: 200, body: [] },
    "POST /api/exports": { status: 204 },
    "GET /api/devices/all": async () => {
      const asked = new URLSearchParams(seen.at(-1)?.path.split("?")[1]);
      await come;
      const page = Number(asked.get("page"));
      const silent = ({ last_seen_at }: OwnedDevice) =>
        !last_seen_at || Date.now() - Date.parse(last_seen_at) >= DAY_MS;
      const found = held.filter(
        (row) =>
          `${row.name} ${row.person_name}`.includes(asked.get("find") ?? "") &&
          (asked.get("state") === "all" ||
            (asked.get("state") === "revoked" && row.revoked_at) ||
            (asked.get("state") === "silent" && !row.revoked_at && silent(row))),
      );
      const devices = found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
      return { status: 200, body: { devices, total: found.length, page, per_page: PER_PAGE, ...looks } };
    },
    "DELETE /api/devices/bob-pc": () => {
      held = held.map((row) => (row.name === "bob-pc" ? { ...row, revoked_at: "2026-03-03T10:00:00Z" } : row));
      return { status: 204 };
    },
  });
}

const names = () => screen.getAllByRole("rowheader").map((cell) => cell.textContent);

beforeEach(() => {
  withSockets();
  come = Promise.resolve();
  looks = { missing: 0, suspended: 0 };
  held = [
    device("alice-laptop", "Alice"),
    device("bob-pc", "Bob", { last_seen_at: ago(3 * DAY_MS) }),
    device("carol-pc", "Carol", { last_seen_at: null }),
    device("=dora", "Dora", { suspended_at: ago(1_000) }),
    device("old", "Alice", { revoked_at: "2026-03-01T10:00:00Z" }),
  ];
  hub();
});

describe("everybody's devices", () => {
  it("are for admins, beside their own", async () => {
    open("/devices");
    await userEvent.click(await screen.findByRole("link", { name: "Everybody's" }));
    const row = within(await screen.findByRole("row", { name: /alice-laptop/ }));

    expect(row.getByRole("rowheader")).toHaveTextContent("Alice");
    expect(row.getByText("Seen just now")).toBeVisible();
    expect(row.getByText("0.1.0")).toBeVisible();
    expect(location.search).toBe("?view=all");
    expect(await faults()).toEqual([]);
  });

  it("are not offered to others, whatever the address says", async () => {
    hub(ME);
    open("/devices?view=all");

    expect(await screen.findByText("You have no devices yet")).toBeVisible();
    expect(screen.queryByRole("link", { name: "Everybody's" })).toBeNull();
    expect(seen.some(({ path }) => path.startsWith("/api/devices/all"))).toBe(false);
  });

  it("say over the list how many have gone silent or are suspended, whatever it shows, and lead there", async () => {
    looks = { missing: 3, suspended: 1 };
    open("/devices?view=all&find=alice");
    expect(await screen.findByText("1 device is suspended: two computers used its identity.")).toBeVisible();
    const silent = screen.getByText("3 devices have gone silent in their people's working hours.").closest("p");
    expect(await faults()).toEqual([]);
    await userEvent.click(within(silent as HTMLElement).getByRole("button", { name: "Show" }));

    expect(location.search).toBe("?view=all&state=missing");
    await waitFor(() => expect(screen.queryByText(/have gone silent in their people's/)).toBeNull());
  });

  it("are filtered by state, which the address keeps", async () => {
    open("/devices?view=all&page=2");
    await screen.findByText("3–4 of 5");
    await userEvent.click(screen.getByRole("button", { name: "Silent" }));
    await screen.findByText("1–2 of 2");

    expect(names()).toEqual(["Bob", "Carol"]);
    expect(screen.getByText("Silent for 3 d")).toBeVisible();
    expect(screen.getByText("Never seen")).toBeVisible();
    expect(location.search).toBe("?view=all&state=silent");
    expect(screen.getByRole("button", { name: "Silent" })).toHaveAttribute("aria-pressed", "true");
  });

  it("are found by name or person, once typing pauses", async () => {
    open("/devices?view=all");
    await screen.findByText("1–2 of 5");
    await userEvent.type(screen.getByRole("searchbox", { name: "Find a device or a person" }), "Alice");
    await screen.findByText("1–2 of 2");

    expect(names()).toEqual(["Alice", "Alice"]);
    expect(location.search).toBe("?view=all&find=Alice");
    await userEvent.keyboard("{Escape}");
    expect(await screen.findByText("1–2 of 5")).toBeVisible();
  });

  it("begin with the first page when another filter is dialled", async () => {
    open("/devices?view=all&page=2");
    await screen.findByText("3–4 of 5");
    await userEvent.type(screen.getByRole("searchbox", { name: "Find a device or a person" }), "a");

    expect(await screen.findByText("1–2 of 3")).toBeVisible();
  });

  it("are shown in pages, and the browser's back goes back through them", async () => {
    open("/devices?view=all");
    expect(await screen.findByRole("button", { name: "Previous" })).toBeDisabled();
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(await screen.findByText("3–4 of 5")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(await screen.findByText("5–5 of 5")).toBeVisible();
    expect(screen.getByRole("button", { name: "Next" })).toBeDisabled();
    history.back();

    expect(await screen.findByText("3–4 of 5")).toBeVisible();
  });

  it("of a page that has gone are those of the last one", async () => {
    open("/devices?view=all&page=9");

    expect(await screen.findByText("5–5 of 5")).toBeVisible();
    expect(location.search).toBe("?view=all&page=3");
  });

  it("say what is not as it should be, and nothing where all is well", async () => {
    held = [
      device("alice-laptop", "Alice", { unsent: 12_000, lost: 1, set_aside: 2, skew_ms: 125_000 }),
      device("bob-pc", "Bob", { unsent: 0, lost: 0, set_aside: 0, skew_ms: -4_000 }),
    ];
    open("/devices?view=all");
    const row = within(await screen.findByRole("row", { name: /alice-laptop/ }));

    expect(row.getByText("12,000 events wait · 1 lost · 2 set aside · clock 2 min behind")).toBeVisible();
    expect(screen.getByRole("row", { name: /bob-pc/ })).not.toHaveTextContent(/wait|lost|aside|clock/);
  });

  it("are revoked by name, told whose it is", async () => {
    open("/devices?view=all");
    await userEvent.click(await screen.findByRole("button", { name: "Revoke bob-pc of Bob" }));
    const dialog = within(screen.getByRole("dialog", { name: "Revoke bob-pc?" }));
    expect(dialog.getByText("It belongs to Bob.")).toBeVisible();
    await userEvent.type(dialog.getByRole("textbox"), "bob-pc");
    await userEvent.click(dialog.getByRole("button", { name: "Revoke" }));

    expect(await screen.findByText("Revoked 3 Mar 2026")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Revoke bob-pc of Bob" })).toBeNull();
  });

  it("are walked through with the arrow keys", async () => {
    open("/devices?view=all");
    const first = await screen.findByRole("button", { name: "alice-laptop" });
    first.focus();
    await userEvent.keyboard("{ArrowDown}");
    expect(screen.getByRole("button", { name: "bob-pc" })).toHaveFocus();
    await userEvent.keyboard("{ArrowDown}{Home}");

    expect(first).toHaveFocus();
  });

  it("are downloaded whole, as they are filtered, safe for a spreadsheet", async () => {
    const saved = saving();
    open("/devices?view=all");
    await userEvent.click(await screen.findByRole("button", { name: "Download" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "CSV" }));
    await waitFor(() => expect(saved).toHaveLength(1));
    const lines = ((await saved[0]?.file.text()) ?? "").split("\r\n");

    expect(lines).toHaveLength(6);
    expect(lines[0]).toContain("Person,Device,System,Agent,State");
    expect(lines[4]).toMatch(/^Dora,'=dora,Debian 12,0.1.0,suspended,/);
  });

  it("move no button when they come: what stands beside them is there before", async () => {
    let arrive = () => {};
    come = new Promise((resolve) => {
      arrive = resolve;
    });
    open("/devices?view=all");
    const rollOut = await screen.findByRole("button", { name: "Roll-out codes" });
    const before = rollOut.parentElement?.textContent;
    arrive();
    await screen.findByRole("button", { name: "alice-laptop" });

    expect(rollOut.parentElement?.textContent).toBe(before);
  });

  it("that are none lead to the first one", async () => {
    held = [];
    open("/devices?view=all");

    expect(await screen.findByText("No devices are enrolled yet")).toBeVisible();
    expect(screen.getByRole("button", { name: "Enrol the first device" })).toBeVisible();
    expect(await faults()).toEqual([]);
  });

  it("of which none matches lead back to all", async () => {
    open("/devices?view=all&find=nobody&state=revoked");
    expect(await screen.findByText("No device matches this")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Show all devices" }));

    expect(await screen.findByText("1–2 of 5")).toBeVisible();
    expect(location.search).toBe("?view=all");
  });

  it("read from right to left in Arabic", async () => {
    await speak("ar");
    open("/devices?view=all");

    expect(await screen.findByText("صامت منذ 3 ي")).toBeVisible();
    expect(await faults()).toEqual([]);
  });
});
