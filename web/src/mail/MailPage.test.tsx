import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import type { Mail, Outgoing } from "./api";
import "./MailPage"; // It comes later otherwise: to a busy machine seconds later.
import "../app/Admin";

const SENT: Mail = {
  id: 1,
  kind: "reset",
  name: "Bob Brandt",
  state: "sent",
  attempts: 1,
  error: "",
  queued_at: "2026-03-02T10:00:00Z",
  due_at: null,
  ended_at: "2026-03-02T10:00:01Z",
  again: false,
};
const REFUSED: Mail = {
  ...SENT,
  id: 2,
  kind: "invitation",
  name: "Bea Menon",
  state: "refused",
  error: "550",
  again: true,
};
const WAITING: Mail = {
  ...SENT,
  id: 3,
  kind: "test",
  name: "Alice Adams",
  state: "queued",
  attempts: 3,
  error: "ConnectionRefusedError",
  due_at: "2026-03-02T10:07:00Z",
  ended_at: null,
  again: true,
};
let outgoing: Outgoing;

const hub = () => ({
  "GET /api/me": { status: 200, body: { ...ME, roles: [{ role: "admin", team: null }] } },
  "GET /api/mail": () => ({ status: 200, body: outgoing }),
});

beforeEach(() => {
  withSockets();
  outgoing = { server: "mail.example.org", sender: "daylight@example.org", mails: [WAITING, REFUSED, SENT] };
});

describe("the page Mail", () => {
  it("says which server takes mail, and what became of the latest and why", async () => {
    answering(hub());
    open("/admin/mail");

    const [waiting, refused, sent] = within(await screen.findByRole("list", { name: "The latest mails" })).getAllByRole(
      "listitem",
    );
    expect(screen.getByText("mail.example.org")).toBeVisible();
    expect(waiting).toHaveTextContent(/Test for Alice AdamsWaiting · .* · 3 tries · next at/);
    expect(waiting).toHaveTextContent("The server could not be reached, or broke off (ConnectionRefusedError).");
    expect(refused).toHaveTextContent("Invitation for Bea Menon");
    expect(refused).toHaveTextContent("The server said 550.");
    expect(within(sent as HTMLElement).queryByRole("button")).toBeNull();
    expect(await faults()).toEqual([]);
  });

  it("sends a test to oneself", async () => {
    outgoing.mails = [];
    const seen = answering({
      ...hub(),
      "POST /api/mail/test": () => {
        outgoing = { ...outgoing, mails: [{ ...WAITING, attempts: 0, error: "" }] };
        return { status: 204 };
      },
    });
    open("/admin/mail");
    expect(await screen.findByText("There were none in the last month.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Send a test to myself" }));

    expect(await screen.findByText(/Under way to alice@example.org/)).toBeVisible();
    expect(await screen.findByText("Test for Alice Adams")).toBeVisible();
    expect(seen.filter((call) => call.method === "POST")).toHaveLength(1);
  });

  it("sends again what was not sent, and says why when that can't be", async () => {
    const seen = answering({
      ...hub(),
      "POST /api/mail/2/again": { status: 409, body: { title: "There is nothing to send again.", status: 409 } },
    });
    open("/admin/mail");
    await userEvent.click(await screen.findByRole("button", { name: "Send again: Invitation for Bea Menon" }));

    expect(await screen.findByRole("alert")).toHaveTextContent("There is nothing to send again.");
    expect(seen.some((call) => call.path === "/api/mail/2/again")).toBe(true);
    expect(screen.getByRole("button", { name: "Try now: Test for Alice Adams" })).toBeEnabled();
  });

  it("says what it means that no mail is set up", async () => {
    outgoing = { server: null, sender: "", mails: [] };
    answering(hub());
    open("/admin/mail");

    expect(await screen.findByRole("heading", { name: "No mail is set up" })).toBeVisible();
    expect(screen.getByText("SMTP_URL")).toBeVisible();
    expect(screen.queryByRole("button", { name: /test/ })).toBeNull();
    expect(await faults()).toEqual([]);
  });
});
