import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import "./RightsPage"; // The page comes later otherwise: to a busy machine seconds later.
import type { AllRights, Asked, Place } from "./api";

const ADMIN = { ...ME, roles: [{ role: "admin", team: null }] };
const asked = (changes: Partial<Asked> = {}): Asked => ({
  id: 1,
  kind: "restrict",
  wrong: "",
  wanted: "",
  first_on: null,
  last_on: null,
  asked_at: "2026-03-02T10:00:00Z",
  due_on: "2026-04-02",
  extended_reason: "",
  state: "open",
  answer: "",
  decided_at: null,
  person: 2,
  name: "Bob Brandt",
  overdue: false,
  ...changes,
});
const LATE = asked({
  id: 2,
  kind: "correct",
  wrong: "No break",
  wanted: "A call",
  due_on: "2026-02-27",
  overdue: true,
});
let rights: AllRights & { left?: Place[] };
let places: Place[];
let seen: Seen[];

beforeEach(() => {
  withSockets();
  rights = { requests: [LATE, asked()], open: 2, overdue: 1, closed: 1, restricted: [], held: [], mail: true };
  places = [];
  seen = answering({
    "GET /api/people/2/mentions": () => ({ status: 200, body: { places } }),
    "GET /api/me": { status: 200, body: ADMIN },
    "GET /api/requests": () => ({ status: 200, body: rights }),
    "POST /api/requests/1/answer": () => ({ status: 200, body: rights }),
    "POST /api/requests/1/extension": () => ({ status: 200, body: rights }),
    "POST /api/requests/2/answer": () => ({ status: 200, body: rights }),
    "POST /api/people/3/hold/lift": () => ({ status: 204 }),
  });
});

const sent = () => seen.filter(({ method }) => method !== "GET").map(({ path, body }) => [path, body]);

describe("requests about data", () => {
  it("say when there are more than are shown", async () => {
    rights = { ...rights, open: 230 };
    open("/admin/requests");

    expect(await screen.findByText(/Only the 2 most urgent are here/)).toBeVisible();
  });

  it("stand by their last day, and say which are overdue", async () => {
    open("/admin/requests");
    const lines = within(await screen.findByRole("list", { name: "Requests about data" })).getAllByRole("listitem");

    expect(lines[0]).toHaveTextContent("Bob Brandt Correct something");
    expect(lines[0]).toHaveTextContent("Wrong: No break");
    expect(lines[0]).toHaveTextContent("was to be answered by 27 Feb 2026");
    expect(lines[1]).toHaveTextContent("Asked on 2 Mar 2026 · to be answered by 2 Apr 2026");
    expect(screen.getByText("1 request is overdue.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Open 2" })).toHaveAttribute("aria-pressed", "true");
    expect(await faults()).toEqual([]);
  });

  it("are answered with a reason", async () => {
    rights.requests = [asked()];
    open("/admin/requests");
    await userEvent.click(await screen.findByRole("button", { name: "Accept the request of Bob Brandt" }));
    const dialog = within(screen.getByRole("dialog", { name: "Restrict Bob Brandt" }));
    expect(dialog.getByRole("button", { name: "Accept" })).toBeDisabled();
    await userEvent.type(dialog.getByRole("textbox", { name: "Reason" }), "It is disputed");
    await userEvent.click(dialog.getByRole("button", { name: "Accept" }));

    await waitFor(() =>
      expect(sent()).toEqual([["/api/requests/1/answer", { accept: true, reason: "It is disputed" }]]),
    );
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(screen.getByText("Bob Brandt is restricted.")).toBeVisible();
  });

  it("of one's own are answered by another admin, who also lifts what stands", async () => {
    rights.requests = [asked({ person: ME.id, name: ME.name })];
    rights.restricted = [{ person: ME.id, name: ME.name, since_at: "2026-03-01T10:00:00Z", reason: "" }];
    open("/admin/requests");

    expect(await screen.findByText("Another admin answers it.")).toBeVisible();
    expect(screen.queryByRole("button", { name: /^(Accept|Decline|Lift)/ })).toBeNull();
  });

  it("to erase say what goes and what stays, and want the name", async () => {
    rights.requests = [asked({ kind: "erase" })];
    open("/admin/requests");
    await userEvent.click(await screen.findByRole("button", { name: "Accept the request of Bob Brandt" }));
    const dialog = within(screen.getByRole("dialog", { name: "Erase Bob Brandt" }));
    expect(dialog.getByText(/rows of the audit with a number instead of a name/)).toBeVisible();
    expect(dialog.getByText(/A last mail tells them that it was done/)).toBeVisible();
    expect(await faults()).toEqual([]);
    await userEvent.type(dialog.getByRole("textbox", { name: "Reason" }), "Left");
    await userEvent.type(dialog.getByRole("textbox", { name: "Type Bob Brandt to erase them" }), "Bob");
    expect(dialog.getByRole("button", { name: "Erase for good" })).toBeDisabled();
    await userEvent.type(dialog.getByRole("textbox", { name: "Type Bob Brandt to erase them" }), " Brandt");
    await userEvent.click(dialog.getByRole("button", { name: "Erase for good" }));

    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent()).toEqual([
      ["/api/requests/1/answer", { accept: true, reason: "Left", name: "Bob Brandt", empty: false }],
    ]);
  });

  it("to erase say where the name stands in what others wrote, empty what nobody can edit, and lead to the rest", async () => {
    rights.requests = [asked({ kind: "erase" })];
    const team = { kind: "team" as const, count: 2, links: ["/people?view=teams&team=4", "/people?view=teams&team=5"] };
    const client = { kind: "client" as const, count: 1, links: ["/admin/clients"] };
    places = [client, team, { kind: "policy", count: 2, links: [] }, { kind: "request", count: 1, links: [] }];
    open("/admin/requests");
    await userEvent.click(await screen.findByRole("button", { name: "Accept the request of Bob Brandt" }));
    const dialog = within(screen.getByRole("dialog", { name: "Erase Bob Brandt" }));
    expect(await dialog.findByText("Names of teams: 2")).toBeVisible();
    expect(dialog.getByText("Reasons of policy changes: 2")).toBeVisible();
    const box = dialog.getByRole("checkbox", { name: /^Also empty what nobody can edit \(3\)/ });
    expect(box).not.toBeChecked();
    expect(await faults()).toEqual([]);
    await userEvent.click(box);
    await userEvent.type(dialog.getByRole("textbox", { name: "Reason" }), "Left");
    await userEvent.type(dialog.getByRole("textbox", { name: "Type Bob Brandt to erase them" }), "Bob Brandt");
    rights.left = [client, team];
    await userEvent.click(dialog.getByRole("button", { name: "Erase for good" }));

    const after = within(await screen.findByRole("dialog", { name: "Bob Brandt is erased" }));
    expect(sent().at(-1)?.[1]).toEqual({ accept: true, reason: "Left", name: "Bob Brandt", empty: true });
    expect(after.getByRole("link", { name: "Names of API clients: 1" })).toHaveAttribute("href", "/admin/clients");
    expect(after.getByRole("link", { name: "Names of teams, 2" })).toHaveAttribute("href", "/people?view=teams&team=5");
    expect(await faults()).toEqual([]);
    await userEvent.click(after.getByRole("button", { name: "Close" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("that are not overdue are put off once, by two months at the most", async () => {
    open("/admin/requests");
    expect(await screen.findAllByRole("button", { name: "Put off the answer for Bob Brandt" })).toHaveLength(1);
    await userEvent.click(screen.getByRole("button", { name: "Put off the answer for Bob Brandt" }));
    const dialog = within(screen.getByRole("dialog", { name: "Put off the answer for Bob Brandt" }));
    expect(dialog.getByText(/a mail tells them/)).toBeVisible();
    expect(dialog.getByLabelText("To be answered by")).toHaveValue("2026-06-02");
    await userEvent.type(dialog.getByRole("textbox", { name: "Reason" }), "There are many");
    expect(await faults()).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: "Put off" }));

    await waitFor(() =>
      expect(sent()).toEqual([["/api/requests/1/extension", { due_on: "2026-06-02", reason: "There are many" }]]),
    );
    expect(await screen.findByText("Put off: Bob Brandt is to be answered by 2 Jun 2026.")).toBeVisible();
  });

  it("to erase certain days name them", async () => {
    rights.requests = [asked({ kind: "erase", first_on: "2026-02-03", last_on: "2026-02-05" })];
    open("/admin/requests");
    expect(await screen.findByText("Erase 3 Feb 2026 – 5 Feb 2026")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Accept the request of Bob Brandt" }));
    const dialog = within(screen.getByRole("dialog", { name: "Erase days of Bob Brandt" }));
    expect(dialog.getByText(/told of 3 Feb 2026 – 5 Feb 2026/)).toBeVisible();
    await userEvent.type(dialog.getByRole("textbox", { name: "Reason" }), "A holiday");
    await userEvent.type(dialog.getByRole("textbox", { name: /to erase these days/ }), "Bob Brandt");
    await userEvent.click(dialog.getByRole("button", { name: "Erase for good" }));

    await waitFor(() =>
      expect(sent()).toEqual([["/api/requests/1/answer", { accept: true, reason: "A holiday", name: "Bob Brandt" }]]),
    );
  });

  it("that are closed say what they came to", async () => {
    open("/admin/requests");
    await screen.findByRole("list", { name: "Requests about data" });
    rights = {
      ...rights,
      requests: [asked({ state: "declined", answer: "It is right", decided_at: "2026-03-03T10:00:00Z" })],
    };
    await userEvent.click(screen.getByRole("button", { name: "Closed 1" }));

    expect(await screen.findByText("It is right")).toBeVisible();
    expect(screen.getByText("declined, 3 Mar 2026")).toBeVisible();
    expect(screen.queryByRole("button", { name: /^Accept/ })).toBeNull();
    expect(location.search).toBe("?show=closed");
  });

  it("stand beside who is under a legal hold, which is lifted with a reason", async () => {
    rights = { ...rights, requests: [], open: 0, overdue: 0 };
    rights.held = [{ person: 3, name: "Cleo Carr", since_at: "2026-03-01T10:00:00Z", reason: "A trial" }];
    open("/admin/requests");
    expect(await screen.findByText("No request is open")).toBeVisible();
    expect(screen.getByRole("list", { name: "Under a legal hold" })).toHaveTextContent(
      "Cleo CarrA trialSince 1 Mar 2026",
    );
    await userEvent.click(screen.getByRole("button", { name: "Lift the hold: Cleo Carr" }));
    await userEvent.type(screen.getByRole("textbox", { name: "Reason" }), "It is over");
    await userEvent.click(screen.getByRole("button", { name: "Lift the hold" }));

    await waitFor(() => expect(sent()).toEqual([["/api/people/3/hold/lift", { reason: "It is over" }]]));
  });
});
