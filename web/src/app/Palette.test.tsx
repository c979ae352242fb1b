import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import "../devices/DevicesPage"; // What comes later otherwise: to a busy machine seconds later.
import "./Palette";

const FOUND = {
  people: [{ id: 7, name: "Ben Zieliński", team: { id: 1, name: "Payments" } }],
  teams: [{ id: 3, name: "Benefits" }],
};
const hub = (directory: object = { status: 200, body: FOUND }) => ({
  "GET /api/me": { status: 200, body: ME },
  "GET /api/devices": { status: 200, body: [] },
  "GET /api/directory": directory as { status: number },
});

beforeEach(withSockets);

async function opened() {
  open("/devices");
  await screen.findByText("You have no devices yet");
  await userEvent.keyboard("{Control>}k{/Control}");
  return screen.findByRole("combobox", { name: "Search people, teams, pages and actions" });
}

const options = () => screen.getAllByRole("option").map((option) => option.textContent);
const active = (box: HTMLElement) => document.getElementById(box.getAttribute("aria-activedescendant") ?? "");

describe("the palette", () => {
  it("finds people and teams by name, and goes to whom is chosen by key", async () => {
    const seen = answering(hub());
    const box = await opened();
    expect(box).toHaveFocus();
    await userEvent.type(box, "ben");
    await screen.findByRole("option", { name: /Ben Zieliński/ });
    expect(options()).toEqual(["Ben ZielińskiPayments", "Benefits"]);
    expect(active(box)).toHaveTextContent("Ben Zieliński");
    expect(await faults()).toEqual([]);
    await userEvent.keyboard("{ArrowDown}");
    expect(active(box)).toHaveTextContent("Benefits");
    await userEvent.keyboard("{ArrowDown}{Enter}");

    await waitFor(() => expect(location.search).toBe("?person=7"));
    expect(location.pathname).toBe("/");
    expect(seen.filter((call) => call.path.startsWith("/api/directory")).map((call) => call.path)).toEqual([
      "/api/directory?find=ben",
    ]);
  });

  it("offers pages and acts by their words, and the last choices first the next time", async () => {
    answering(hub({ status: 200, body: { people: [], teams: [] } }));
    const box = await opened();
    await userEvent.type(box, "my da");
    expect(options()).toEqual([expect.stringContaining("My data")]);
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(location.pathname).toBe("/my-data"));
    await userEvent.click(await screen.findByRole("button", { name: /Search or go to/ }));

    const recent = within(await screen.findByRole("group", { name: "Recent" }));
    expect(recent.getByRole("option", { name: /My data/ })).toBeVisible();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("combobox")).toBeNull());
  });

  it("says that nothing has that name", async () => {
    answering(hub({ status: 200, body: { people: [], teams: [] } }));
    await userEvent.type(await opened(), "zzz");

    expect(await screen.findByText("Nothing is called “zzz”")).toBeVisible();
    expect(await faults()).toEqual([]);
  });

  it("that can't search says so with the number to quote, tries again, and still goes to pages", async () => {
    let away = true;
    answering(
      hub(() =>
        away
          ? { status: 503, body: { title: "Away.", status: 503, request_id: "r-17" } }
          : { status: 200, body: { ...FOUND, teams: [] } },
      ),
    );
    const box = await opened();
    await userEvent.type(box, "be");
    expect(await screen.findByRole("alert")).toHaveTextContent(
      "People and teams can't be searched now.Away.Request r-17",
    );
    expect(await faults()).toEqual([]);
    away = false;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));

    expect(await screen.findByRole("option", { name: /Ben Zieliński/ })).toBeVisible();
  });
});

describe("keys", () => {
  it("lead to pages, one after the other", async () => {
    answering(hub());
    open("/devices");
    await screen.findByText("You have no devices yet");
    await userEvent.keyboard("gm");

    await waitFor(() => expect(location.pathname).toBe("/my-data"));
  });

  it("are listed by a question mark, and turned off there", async () => {
    answering(hub());
    open("/devices");
    await screen.findByText("You have no devices yet");
    await userEvent.keyboard("?");
    const sheet = within(await screen.findByRole("dialog", { name: "Keyboard shortcuts" }));
    expect(sheet.getByText("My data").closest("div")).toHaveTextContent("GthenM".replace("then", "then "));
    expect(await faults()).toEqual([]);
    await userEvent.click(sheet.getByRole("checkbox"));
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await userEvent.keyboard("gm?");

    expect(location.pathname).toBe("/devices");
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("do nothing while somebody types, or before a dialog", async () => {
    answering(hub());
    await userEvent.type(await opened(), "gm?");
    await userEvent.tab();
    await userEvent.keyboard("gm");

    expect(location.pathname).toBe("/devices");
    expect(screen.getAllByRole("dialog")).toHaveLength(1);
  });
});

describe("the connection", () => {
  it("that is lost is told, and its return too", async () => {
    answering(hub());
    open("/devices");
    await screen.findByText("You have no devices yet");
    answering({});
    act(() => void dispatchEvent(new Event("offline")));
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(await screen.findByRole("combobox"), "ben");
    expect(await screen.findByText("The hub can't be reached.")).toBeInTheDocument();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("combobox")).toBeNull());
    expect(await faults()).toEqual([]);
    answering(hub());
    await userEvent.click(await screen.findByRole("button", { name: "Try now" }));

    await waitFor(() => expect(screen.queryByText("The hub can't be reached.")).toBeNull());
  });
});
