import { fireEvent, screen, act as together, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { speak } from "../i18n/i18n";
import { answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import "./PeoplePage"; // is here before the first test waits for it
import type { LinkState, Person, Profile, Team } from "./api";

const ADMIN = {
  ...ME,
  roles: [{ role: "admin", team: null }],
  manages: false,
  organisation: { ...ME.organisation, demo: false },
};
const PAYMENTS = { id: 2, name: "Payments" };
const SUPPORT = { id: 4, name: "Support" };
const PROBLEM = { title: "Bob is in another team by now.", status: 409, request_id: "r-1" };

function person(id: number, name: string, change: Partial<Person> = {}): Person {
  return {
    id,
    name,
    email: `${name.toLowerCase()}@halden.example`,
    zone: "Europe/Oslo",
    locale: null,
    working_hours: null,
    team: PAYMENTS,
    roles: [],
    ways: ["password"],
    simulated: false,
    deactivated_at: null,
    version: 1,
    ...change,
  };
}

const team = (id: number, name: string, parent: number | null, people = 0): Team => ({
  id,
  name,
  parent,
  people,
  below: people,
  managers: [],
  version: 1,
});

let people: Person[];
let teams: Team[];
let seen: Seen[];
/** Bob's. */
let link: LinkState;
/** Whether Bob has a second factor, and is signed in. */
let factor: boolean;
/** What the next act is answered. */
let refusal: { status: number; body: object } | null;

const profile = (id: number): Profile => {
  const found = people.find((each) => each.id === id) as Person;
  return {
    ...found,
    created_at: "2026-01-01T00:00:00Z",
    zones: [
      { zone: "Europe/Oslo", since_at: "2026-02-01T23:00:00Z", until_at: null },
      { zone: "Asia/Tokyo", since_at: null, until_at: "2026-02-01T23:00:00Z" },
    ],
    second_factor: factor,
    sessions: factor ? 2 : 0,
    stays: [{ team: PAYMENTS, since_at: "2026-01-01T00:00:00Z", until_at: null }],
  };
};
const last = () => seen.at(-1)?.body;
const act = (done: (body: never) => void) => () => {
  if (refusal) {
    return refusal;
  }
  done(seen.at(-1)?.body as never);
  return { status: 204 };
};

function hub() {
  refusal = null;
  seen = answering({
    "GET /api/me": { status: 200, body: ADMIN },
    "GET /api/zones": { status: 200, body: ["Europe/Oslo", "UTC"] },
    "GET /api/teams": () => ({ status: 200, body: teams }),
    "GET /api/people": () => {
      const asked = new URLSearchParams(seen.at(-1)?.path.split("?")[1]);
      const state = asked.get("state");
      const found = people.filter(({ name }) => name.toLowerCase().includes(asked.get("find") ?? ""));
      const out = (each: Person) => each.deactivated_at !== null;
      const shown = found.filter(
        (each) =>
          state === "all" || (state === "new" ? each.ways.length === 0 : out(each) === (state === "deactivated")),
      );
      const from = Number(asked.get("after") ?? 0);
      const body = {
        people: shown.slice(from, from + 3),
        after: shown.length > from + 3 ? String(from + 3) : null,
        active: found.filter((each) => !out(each)).length,
        new: found.filter((each) => !out(each) && each.ways.length === 0).length,
        deactivated: found.filter(out).length,
      };
      return { status: 200, body };
    },
    "GET /api/people/2": () =>
      people.some(({ id }) => id === 2)
        ? { status: 200, body: profile(2) }
        : { status: 404, body: { title: "Nobody." } },
    "PUT /api/people/2": () => {
      if (refusal) {
        return refusal;
      }
      const { version, ...form } = last() as Profile;
      if (version !== profile(2).version) {
        return { status: 409, body: { ...PROBLEM, title: "Somebody else has changed this person meanwhile." } };
      }
      put(2, { ...form, version: version + 1 });
      return { status: 200, body: profile(2) };
    },
    "POST /api/people": () => refusal ?? { status: 201, body: profile(2) },
    "POST /api/people/move": act(({ moves }: { moves: { person: number; into: number | null }[] }) => {
      for (const { person: id, into } of moves) {
        put(id, { team: into === 4 ? SUPPORT : PAYMENTS });
      }
    }),
    "POST /api/people/deactivate": act(({ people: ids }: { people: number[] }) => {
      for (const id of ids) {
        put(id, { deactivated_at: "2026-03-03T10:00:00Z" });
      }
    }),
    "POST /api/people/reactivate": act(({ people: ids }: { people: number[] }) => {
      for (const id of ids) {
        put(id, { deactivated_at: null });
      }
    }),
    "GET /api/requests": {
      status: 200,
      body: { requests: [], open: 0, overdue: 0, closed: 0, restricted: [], held: [], mail: true },
    },
    "GET /api/people/2/mentions": { status: 200, body: { places: [] } },
    "POST /api/people/2/erasure": () => {
      people = people.filter(({ id }) => id !== 2);
      return { status: 200, body: { left: [], emptied: 0 } };
    },
    "GET /api/people/2/link": () => ({ status: 200, body: link }),
    "POST /api/people/2/link": () => {
      link = { ...link, expires_at: "2026-03-03T10:00:00Z" };
      return { status: 201, body: { ...link, url: "https://hub.example/set-password#abc" } };
    },
    "POST /api/people/invite": () => ({
      status: 200,
      body: people
        .filter(({ id, ways }) => ways.length === 0 && (last() as { people: number[] }).people.includes(id))
        .map(({ id, name, email }) => ({
          person: id,
          name,
          email,
          url: link.by_mail ? null : `https://hub.example/#${id}`,
        })),
    }),
    "POST /api/people/withdraw": () => {
      link = { ...link, expires_at: null };
      return { status: 204 };
    },
    "DELETE /api/people/2/sessions": () => ({ status: 204 }),
    "DELETE /api/people/2/factors": () => {
      factor = false;
      return { status: 204 };
    },
    "DELETE /api/people/2/roles/manager": () => ({ status: 200, body: profile(2) }),
    "POST /api/people/2/roles": () => ({ status: 200, body: profile(2) }),
    "DELETE /api/people/2/roles/admin": () => refusal ?? { status: 200, body: profile(2) },
    "PUT /api/teams/2": () => {
      const { name, version } = last() as Team;
      teams = teams.map((each) => (each.id === 2 ? { ...each, name, version: version + 1 } : each));
      return { status: 200, body: teams };
    },
    "DELETE /api/teams/4": () => {
      teams = teams.filter(({ id }) => id !== 4);
      return { status: 204 };
    },
    "POST /api/teams/4/restore": () => {
      teams = [...teams, team(4, "Support", 1)];
      return { status: 204 };
    },
  });
}

function put(id: number, change: Partial<Person>) {
  people = people.map((each) => (each.id === id ? { ...each, ...change } : each));
}

const names = () => screen.getAllByRole("rowheader").map((cell) => cell.textContent);
const sent = (route: string) =>
  seen.filter(({ method, path }) => `${method} ${path}` === route).map(({ body }) => body);

beforeEach(() => {
  withSockets();
  factor = true;
  link = { purpose: "reset", by_mail: false, expires_at: null, mail: null, url: null };
  people = [
    person(1, "Alice", { roles: [{ role: "manager", team: PAYMENTS }] }),
    person(2, "Bob"),
    person(3, "Carol", { team: null, ways: [] }),
    person(4, "Dora", { roles: [{ role: "admin", team: null }] }),
    person(5, "Erik", { deactivated_at: "2026-02-01T00:00:00Z" }),
  ];
  teams = [team(1, "Halden", null), team(2, "Payments", 1, 3), team(4, "Support", 1)];
  hub();
});

describe("people", () => {
  it("are listed with team, roles and what keeps them out, and axe finds nothing", async () => {
    open("/people");
    const role = await screen.findByText("Manager of Payments");

    expect(role.closest("[role=row]")).toHaveTextContent("Alicealice@halden.examplePayments");
    expect(screen.getByText("Not in yet", { ignore: "button" })).toBeVisible();
    expect(screen.getByText("3 of 4")).toBeVisible();
    const views = within(screen.getByRole("navigation", { name: "People or teams" }));
    expect(views.getByRole("link", { name: "People" })).toHaveAttribute("aria-current", "page");
    expect(await faults()).toEqual([]);
  });

  it("are no page of who is no admin", async () => {
    seen = answering({ "GET /api/me": { status: 200, body: ME } });
    open("/people");

    expect(await screen.findByRole("heading", { level: 2, name: "There is no such page" })).toBeVisible();
    expect(screen.queryByRole("link", { name: "People" })).toBeNull();
  });

  it("are found and filtered, which the address keeps, and shown bit by bit", async () => {
    open("/people");
    await userEvent.click(await screen.findByRole("button", { name: "Show more" }));
    await screen.findByText("4 of 4");
    expect(names()).toEqual(["Alice", "Bob", "Carol", "Dora"]);

    await userEvent.click(screen.getByRole("button", { name: /Deactivated/ }));
    await screen.findByText("1 of 1");
    expect(names()).toEqual(["Erik"]);
    await userEvent.type(screen.getByRole("searchbox"), "zoe");
    expect(await screen.findByText("Nobody matches this")).toBeVisible();
    expect(location.search).toBe("?state=deactivated&find=zoe");
    await userEvent.click(screen.getByRole("button", { name: "Show everybody" }));
    expect(await screen.findByText("4 of 4")).toBeVisible();
  });

  it("are opened by who clicks as soon as they have typed, and found all the same", async () => {
    open("/people");
    const bob = await screen.findByRole("button", { name: "Bob" });
    vi.useFakeTimers(); // they stand: on a slow machine it would be asked for before the click
    fireEvent.change(screen.getByRole("searchbox"), { target: { value: "bob" } });
    together(() => {
      fireEvent.click(bob);
      vi.advanceTimersByTime(300); // before anything is drawn anew
    });
    vi.useRealTimers();

    expect(await screen.findByRole("heading", { name: "Bob" })).toBeVisible();
    expect(new URLSearchParams(location.search).get("find")).toBe("bob");
  });

  it("are walked, selected and opened by keys", async () => {
    open("/people");
    (await screen.findByRole("button", { name: "Alice" })).focus();
    await userEvent.keyboard("{ArrowDown} ");

    expect(screen.getByRole("button", { name: "Bob" })).toHaveFocus();
    expect(screen.getByRole("checkbox", { name: "Select Bob" })).toBeChecked();
    await userEvent.keyboard("{Enter}");
    expect(await screen.findByRole("heading", { name: "Bob" })).toHaveFocus();
    await userEvent.keyboard("{Escape}");
    expect(screen.getByRole("button", { name: "Bob" })).toHaveFocus();
  });

  it("move together, and back", async () => {
    open("/people");
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select Bob" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Select Carol" }));
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Move to" }), "4");
    await userEvent.click(screen.getByRole("button", { name: "Move" }));
    expect(await screen.findByText("2 people are in Support now.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    await screen.findByText("Taken back.");

    expect(sent("POST /api/people/move")).toEqual([
      {
        moves: [
          { person: 2, out_of: 2, into: 4 },
          { person: 3, out_of: null, into: 4 },
        ],
      },
      {
        moves: [
          { person: 2, out_of: 4, into: 2 },
          { person: 3, out_of: 4, into: null },
        ],
      },
    ]);
    expect(screen.queryByRole("group", { name: /selected/ })).toBeNull();
  });

  it("stay selected when the hub refuses, which is said", async () => {
    open("/people");
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select all shown" }));
    refusal = { status: 409, body: PROBLEM };
    await userEvent.click(screen.getByRole("button", { name: "Deactivate" }));

    expect(await screen.findByText("Nobody was deactivated")).toBeVisible();
    expect(screen.getByText(/Bob is in another team by now/)).toBeVisible();
    expect(screen.getByRole("group", { name: "3 selected" })).toBeVisible();
  });

  it("are let in again", async () => {
    open("/people?state=deactivated");
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select Erik" }));
    await userEvent.click(screen.getByRole("button", { name: "Let in again" }));

    expect(await screen.findByText("Erik is let in again.")).toBeVisible();
  });

  it("who are not in yet are found and invited together, by links where no mail is set up, and back", async () => {
    open("/people");
    await userEvent.click(await screen.findByRole("button", { name: /Not in yet/ }));
    await screen.findByText("1 of 1");
    expect(names()).toEqual(["Carol"]);
    await userEvent.click(screen.getByRole("checkbox", { name: "Select all shown" }));
    await userEvent.click(screen.getByRole("button", { name: "Invite" }));
    const dialog = within(await screen.findByRole("dialog", { name: "A link for Carol" }));
    expect(dialog.getByText("https://hub.example/#3")).toBeVisible();
    expect(await faults()).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: "Done" }));
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await screen.findByText("Taken back.");

    expect(screen.queryByText("https://hub.example/#3")).toBeNull();
    expect(sent("POST /api/people/invite")).toEqual([{ people: [3], language: "en" }]);
    expect(sent("POST /api/people/withdraw")).toEqual([{ people: [3] }]);
  });

  it("are invited by mail where there is one, and who can sign in is not asked for", async () => {
    link = { ...link, by_mail: true };
    open("/people");
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select all shown" }));
    await userEvent.click(screen.getByRole("button", { name: "Invite" }));

    expect(await screen.findByText("Carol is invited by mail.")).toBeVisible();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(sent("POST /api/people/invite")).toEqual([{ people: [3], language: "en" }]);
  });

  it("are spoken of in Arabic", async () => {
    await speak("ar");
    open("/people?person=2");

    expect(await screen.findByRole("button", { name: "أضف شخصًا" })).toBeVisible();
    expect(await screen.findByText("الفرق حتى الآن")).toBeVisible();
  });
});

describe("one person", () => {
  it("is changed, and what is typed outlives a reload", async () => {
    const { unmount } = open("/people?person=2");
    const box = await screen.findByRole("textbox", { name: "Name" });
    await userEvent.clear(box);
    await userEvent.type(box, "Robert");
    unmount();
    open("/people?person=2");
    expect(await screen.findByRole("textbox", { name: "Name" })).toHaveValue("Robert");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText("Saved.");

    expect(sent("PUT /api/people/2")).toEqual([
      {
        name: "Robert",
        email: "bob@halden.example",
        zone: "Europe/Oslo",
        locale: null,
        working_hours: null,
        version: 1,
      },
    ]);
    expect(sessionStorage).toHaveLength(0);
    expect(await faults()).toEqual([]);
  });

  it("whom somebody else has changed meanwhile is not overwritten unseen", async () => {
    open("/people?person=2");
    await userEvent.type(await screen.findByRole("textbox", { name: "Name" }), " B.");
    put(2, { name: "Robert", version: 2 });
    await userEvent.click(screen.getByRole("button", { name: "Save" }));

    expect(await screen.findByText("Somebody else has changed this meanwhile")).toBeVisible();
    expect(screen.getByText("Now: Robert")).toBeVisible();
    expect(screen.getByRole("textbox", { name: "Name" })).toHaveValue("Bob B.");
    await userEvent.click(screen.getByRole("button", { name: "Save mine" }));
    await screen.findByText("Saved.");
    expect(people[1]?.name).toBe("Bob B.");
  });

  it("has working hours, and the zones of before are told", async () => {
    open("/people?person=2");
    expect(await screen.findByText("Time zones so far")).toBeVisible();
    expect(screen.getByText(/until .*2026/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Mon" }));
    await userEvent.click(screen.getByRole("button", { name: "Fri" }));
    expect(screen.getByLabelText("From")).toHaveValue("09:00");
    expect(await faults()).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText("Saved.");

    expect(sent("PUT /api/people/2")).toMatchObject([
      { working_hours: { days: [0, 4], from_min: 540, until_min: 1020 } },
    ]);
  });

  it("keeps what is typed when the session has ended", async () => {
    open("/people?person=2");
    await userEvent.type(await screen.findByRole("textbox", { name: "Name" }), "by");
    refusal = { status: 401, body: { title: "Sign in again.", status: 401 } };
    await userEvent.click(screen.getByRole("button", { name: "Save" }));

    expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
    expect(Object.values({ ...sessionStorage }).join()).toContain("Bobby");
  });

  it("is told by field what is wrong", async () => {
    open("/people");
    await screen.findByText("Manager of Payments");
    await userEvent.keyboard("n");
    await userEvent.type(await screen.findByRole("textbox", { name: "Name" }), "Zoe");
    await userEvent.click(screen.getByRole("button", { name: "Add" }));
    expect(await screen.findByText("Which address do they sign in with?")).toBeVisible();
    await userEvent.type(screen.getByRole("textbox", { name: "Work e-mail" }), "b\u043eb@x.example");
    refusal = { status: 400, body: { title: "Latin letters only.", status: 400, field: "email" } };
    await userEvent.click(screen.getByRole("button", { name: "Add" }));

    expect(await screen.findByText("Latin letters only.")).toBeVisible();
    expect(screen.getByRole("textbox", { name: "Work e-mail" })).toHaveAttribute("aria-invalid", "true");
  });

  it("is the last admin, and stays one", async () => {
    put(2, { roles: [{ role: "admin", team: null }] });
    open("/people?person=2");
    await screen.findByRole("heading", { name: "Bob" });
    refusal = { status: 400, body: { title: "This is the last admin.", status: 400, code: "last_admin" } };
    await userEvent.click(await screen.findByRole("button", { name: "Take away: Admin" }));

    expect(await screen.findByText("The roles are as they were")).toBeVisible();
    expect(screen.getByText(/This is the last admin/)).toBeVisible();
  });

  it("loses a role, and has it again when that is taken back", async () => {
    put(2, { roles: [{ role: "manager", team: PAYMENTS }] });
    open("/people?person=2");
    await userEvent.click(await screen.findByRole("button", { name: "Take away: Manager of Payments" }));
    expect(await screen.findByText("Bob has a role less: Manager of Payments.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));

    expect(await screen.findByText("Taken back.")).toBeVisible();
    const given = seen.find(({ method, path }) => method === "POST" && path === "/api/people/2/roles");
    expect(given?.body).toEqual({ role: "manager", team: PAYMENTS.id });
  });

  it("is given a link for a new password, which is withdrawn again", async () => {
    open("/people?person=2");
    await userEvent.click(await screen.findByRole("button", { name: "Make a reset link" }));
    const dialog = within(await screen.findByRole("dialog", { name: "A link for Bob" }));
    expect(dialog.getByText("https://hub.example/set-password#abc")).toBeVisible();
    await userEvent.click(dialog.getByRole("button", { name: "Done" }));
    expect(await screen.findByText(/Their link works once, until/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Withdraw the link" }));

    expect(await screen.findByText("The link for Bob is withdrawn.")).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("button", { name: "Withdraw the link" })).toBeNull());
  });

  it("is told what became of the mail", async () => {
    link = { ...link, by_mail: true, mail: { state: "refused", queued_at: "2026-03-03T10:00:00Z", error: "550" } };
    open("/people?person=2");

    expect(await screen.findByText(/was refused by the mail server\. \(550\)/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Send a reset link" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Withdraw the link" })).toBeNull();
  });

  it("is signed out everywhere, and loses a lost second factor, only when one is sure", async () => {
    open("/people?person=2");
    await userEvent.click(await screen.findByRole("button", { name: "Sign out everywhere" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Sign Bob out everywhere?" }));
    expect(await faults()).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: "Sign out everywhere" }));
    expect(await screen.findByText("Bob is signed out everywhere.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Take away the second factor" }));
    const sure = within(await screen.findByRole("dialog", { name: "Take away the second factor of Bob?" }));
    await userEvent.click(sure.getByRole("button", { name: "Cancel" }));
    expect(sent("DELETE /api/people/2/factors")).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Take away the second factor" }));
    await userEvent.click(
      within(await screen.findByRole("dialog")).getByRole("button", { name: "Take away the second factor" }),
    );

    expect(await screen.findByText("The second factor of Bob is taken away.")).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("button", { name: "Take away the second factor" })).toBeNull());
    expect(sent("DELETE /api/people/2/sessions")).toHaveLength(1);
  });

  it("is erased, which is said when their panel has closed", async () => {
    open("/people?person=2");
    const go = await screen.findByRole("button", { name: "Erase for good" });
    await waitFor(() => expect(go).toBeEnabled()); // once it is known whether a hold stands
    await userEvent.click(go);
    const dialog = within(await screen.findByRole("dialog", { name: "Erase Bob" }));
    await userEvent.type(dialog.getByRole("textbox", { name: "Type Bob to erase them" }), "Bob");
    await userEvent.click(dialog.getByRole("button", { name: "Erase for good" }));

    expect(await screen.findByText("Bob is erased")).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("complementary", { name: "Bob" })).toBeNull());
    expect(sent("POST /api/people/2/erasure")).toEqual([{ name: "Bob", empty: false }]);
  });

  it("moves from their panel", async () => {
    open("/people?person=2");
    await waitFor(() => expect(screen.getByRole("heading", { name: "Bob" })).toBeVisible());
    const panel = within(await screen.findByRole("complementary", { name: "Bob" }));
    await userEvent.selectOptions(panel.getByRole("combobox", { name: "Team" }), "4");
    await userEvent.click(panel.getByRole("button", { name: "Move" }));

    expect(await screen.findByText("Bob is in Support now.")).toBeVisible();
  });
});

describe("teams", () => {
  it("stand below each other, with their people, and axe finds nothing", async () => {
    open("/people?view=teams");
    const row = within(await screen.findByRole("row", { name: /Payments/ }));

    expect(row.getByRole("link", { name: /Show the people of Payments/ })).toHaveAttribute("href", "/people?team=2");
    expect(await faults()).toEqual([]);
  });

  it("are renamed, and back", async () => {
    open("/people?view=teams&team=2");
    const box = await screen.findByRole("textbox", { name: "Name" });
    await userEvent.clear(box);
    await userEvent.type(box, "Money");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText("Money is changed.");
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    await screen.findByText("Taken back.");

    expect(sent("PUT /api/teams/2")).toEqual([
      { name: "Money", parent: 1, version: 1 },
      { name: "Payments", parent: 1, version: 2 },
    ]);
  });

  it("are removed when they are empty, and come back", async () => {
    open("/people?view=teams&team=2");
    expect(await screen.findByText(/It can be removed once nobody is at home in it/)).toBeVisible();
    expect(screen.getByText(/give them the role Manager of it/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Remove" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Support" }));
    await userEvent.click(await screen.findByRole("button", { name: "Remove" }));
    await screen.findByText("The team Support is removed.");
    expect(screen.queryByRole("button", { name: "Support" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));

    expect(await screen.findByRole("button", { name: "Support" })).toBeVisible();
  });
});
