import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import type { Preview, Row } from "./api";

const ADMIN = { ...ME, roles: [{ role: "admin", team: null }] };
const bad: Row = {
  row: 4,
  does: "bad",
  cells: { email: "nеw@halden.example", name: "", team: "Payments / Ledger" },
  faults: [
    { code: "email_lookalike", column: "email", row: null, limit: null },
    { code: "clash", column: null, row: 1200, limit: null },
  ],
  changes: [],
  moved_on: false,
};
const added: Row = {
  row: 2,
  does: "add",
  cells: { email: "a@halden.example", name: "A" },
  faults: [],
  changes: [],
  moved_on: false,
};
const changed: Row = {
  ...added,
  row: 3,
  does: "change",
  cells: { email: "bob@halden.example" },
  changes: [
    { field: "name", old: "Bob", new: "Bob B" },
    { field: "role", old: "", new: "admin" },
  ],
};

let held: Preview;
const file = () => new File(["e-mail\r\na@halden.example"], "people.csv", { type: "text/csv" });
const hub = () => ({
  "GET /api/me": { status: 200, body: ADMIN },
  "GET /api/people/imports/7a": () => ({ status: 200, body: held }),
});

// Loaded before any test looks at its clock.
beforeAll(() => import("./ImportPage"), 60_000);

beforeEach(() => {
  withSockets();
  held = {
    id: "7a",
    version: 3,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    about: {
      source: { kind: "csv", encoding: "windows-1252", separator: ";", sheet: null, sheets: 1 },
      ignored: ["Shoe size"],
    },
    make_teams: false,
    new_teams: ["Payments / Ledger"],
    counts: { bad: 1, add: 1, change: 1, leave: 0 },
    moved_on: [],
    rows: [bad, added, changed],
    total: 3,
    page: 1,
    per_page: 100,
    result: null,
  };
});

describe("a file of people", () => {
  it("is sent as it is, and its preview is at an address of its own", async () => {
    const seen = answering({ ...hub(), "POST /api/people/imports": { status: 201, body: held } });
    open("/people/import");
    await userEvent.upload(await screen.findByLabelText("Choose a file", { selector: "input" }), file());

    expect(await screen.findByRole("table", { name: "Rows of the file" })).toBeVisible();
    expect(location.search).toBe("?id=7a");
    const sent = seen.find((call) => call.method === "POST");
    expect(sent?.headers["content-type"]).toBe("application/octet-stream");
  });

  it("is taken from a drop too, and says what is wrong with it in words of the page", async () => {
    answering({
      ...hub(),
      "POST /api/people/imports": {
        status: 400,
        body: { title: "hub's words", code: "file_mixed", limit: 1234, request_id: "r" },
      },
    });
    open("/people/import");
    fireEvent.drop(await screen.findByText("Drop a file here"), { dataTransfer: { files: [file()] } });
    const note = await screen.findByRole("alert");

    expect(note).toHaveTextContent("people.csv can't be used");
    expect(note).toHaveTextContent("UTF-8 (line 1,234)");
    expect(note).not.toHaveTextContent("Request");
    expect(await faults()).toEqual([]);
  });

  it("is shown row by row, with what is wrong and what would change", async () => {
    answering(hub());
    open("/people/import?id=7a");
    const [, first, second, third] = (await screen.findAllByRole("row")).map((row) => within(row));

    expect(first?.getByText(/letters that look like others/)).toBeVisible();
    expect(first?.getByText("Row 1,200 says something else of the same address.")).toBeVisible();
    expect(second?.getByText("Adds this person")).toBeVisible();
    expect(third?.getByText("Name: Bob → Bob B")).toBeVisible();
    expect(third?.getByText("Role: admin")).toBeVisible();
    expect(screen.getByText(/CSV, Windows-1252, separated by semicolons/)).toBeVisible();
    expect(screen.getByText(/look at names with accents/)).toBeVisible();
    expect(screen.getByText(/left out: Shoe size/)).toBeVisible();
    expect(screen.getByText("1 row that can't be used is left out.")).toBeVisible();
    expect(await faults()).toEqual([]);
  });

  it("is filtered by what its rows do, in the address", async () => {
    const seen = answering(hub());
    open("/people/import?id=7a");
    await userEvent.click(await screen.findByRole("button", { name: "Can't be used 1" }));

    await waitFor(() => expect(location.search).toBe("?id=7a&show=bad"));
    await waitFor(() => expect(seen.at(-1)?.path).toBe("/api/people/imports/7a?show=bad&page=1"));
  });

  it("makes missing teams only when that is chosen", async () => {
    const seen = answering({
      ...hub(),
      "PUT /api/people/imports/7a": () => {
        held = { ...held, make_teams: true };
        return { status: 200, body: held };
      },
    });
    open("/people/import?id=7a");
    const box = await screen.findByRole("checkbox", { name: /Make the teams that are missing/ });
    expect(box).not.toBeChecked();
    await userEvent.click(box);

    await waitFor(() => expect(box).toBeChecked());
    expect(seen.find((call) => call.method === "PUT")?.body).toEqual({ make_teams: true });
  });

  it("is confirmed as it was looked at, and says what was done", async () => {
    const seen = answering({
      ...hub(),
      "POST /api/people/imports/7a/done": () => {
        held = { ...held, result: { added: 1, changed: 1, left: 0, left_out: 1, teams: 0 } };
        return { status: 200, body: held };
      },
    });
    open("/people/import?id=7a");
    await userEvent.click(await screen.findByRole("button", { name: "Import 2 people" }));

    expect(await screen.findByRole("heading", { name: "2 people are imported" })).toBeVisible();
    expect(screen.getByText("Rows left out: 1")).toBeVisible();
    expect(seen.find((call) => call.method === "POST")?.body).toEqual({ version: 3, leave_out_bad: true });
    expect(await faults()).toEqual([]);
  });

  it("that would do something else by now is not carried out, and shown anew", async () => {
    answering({
      ...hub(),
      "POST /api/people/imports/7a/done": () => {
        held = { ...held, version: 4, moved_on: [2], rows: [{ ...added, does: "leave", moved_on: true }] };
        return { status: 409, body: { title: "rows 2", code: "import_changed" } };
      },
    });
    open("/people/import?id=7a");
    await userEvent.click(await screen.findByRole("button", { name: "Import 2 people" }));

    expect(await screen.findByRole("alert")).toHaveTextContent("Nothing was importedNothing was done: some rows");
    expect(await screen.findByRole("button", { name: "New since you looked 1" })).toBeVisible();
    expect(await screen.findByText("New since you looked", { selector: "b" })).toBeVisible();
  });

  it("that is gone says so, and another one can be chosen", async () => {
    answering({ ...hub(), "GET /api/people/imports/7a": { status: 404, body: { title: "none" } } });
    open("/people/import?id=7a");

    expect(await screen.findByRole("alert")).toHaveTextContent("This import is no longer there");
    expect(screen.getByRole("button", { name: "Choose a file" })).toBeVisible();
  });

  it("is nobody's but an admin's", async () => {
    answering({ "GET /api/me": { status: 200, body: ME } });
    open("/people/import");

    expect(await screen.findByRole("heading", { name: "There is no such page", level: 2 })).toBeVisible();
  });
});
