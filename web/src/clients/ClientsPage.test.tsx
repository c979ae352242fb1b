import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import "./ClientsPage"; // The page comes later otherwise: to a busy machine seconds later.
import type { Client } from "./api";

const ADMIN = { ...ME, roles: [{ role: "admin", team: null }] };
const TEAMS = [
  { id: 1, name: "Halden", parent: null },
  { id: 3, name: "Support", parent: 1 },
  { id: 2, name: "Payments", parent: 1 },
];
const PAYROLL: Client = {
  id: 7,
  client_id: "0b1c",
  name: "Payroll",
  scopes: ["people:read", "activity:read"],
  teams: [{ id: 2, name: "Payments" }],
  secrets: [
    { ends_with: "wxyz", created_at: "2026-03-02T10:00:00Z", ends_at: null },
    { ends_with: "abcd", created_at: "2026-02-02T10:00:00Z", ends_at: "2026-03-03T10:00:00Z" },
  ],
  created_at: "2026-02-02T10:00:00Z",
  last_used_at: null,
  disabled_at: null,
  version: 1,
};
let clients: Client[];

const hub = () => ({
  "GET /api/me": { status: 200, body: ADMIN },
  "GET /api/clients": () => ({ status: 200, body: clients }),
  "GET /api/teams": { status: 200, body: TEAMS },
  "POST /api/clients": () => {
    clients = [PAYROLL];
    return { status: 201, body: { client: PAYROLL, secret: "dls_a-long-secret" } };
  },
});

beforeEach(() => {
  withSockets();
  sessionStorage.clear();
  clients = [PAYROLL];
});

async function pressed(name: string, within_?: ReturnType<typeof within>) {
  await userEvent.click(await (within_ ?? screen).findByRole("button", { name }));
}

describe("API clients", () => {
  it("say what each may, where, and which secrets serve", async () => {
    answering(hub());
    open("/admin/clients");

    expect(await screen.findByText("People, Activity of Payments")).toBeVisible();
    expect(screen.getByText(/secret …wxyz since 2 Mar 2026/)).toBeVisible();
    expect(screen.getByText(/old secret …abcd until 3 Mar 2026/)).toBeVisible();
    expect(await faults()).toEqual([]);
  });

  it("are made with a name, scopes and teams, and the secret is shown this once", async () => {
    clients = [];
    const seen = answering(hub());
    open("/admin/clients");
    expect(await screen.findByText("No program reads anything here")).toBeVisible();
    await pressed("Make a client");
    const dialog = within(await screen.findByRole("dialog"));
    await pressed("Make a client", dialog);
    expect(await dialog.findByText("Give it a name.")).toBeVisible();
    await userEvent.type(dialog.getByLabelText("Name"), "Payroll");
    await pressed("Make a client", dialog);
    expect(await dialog.findByText("Choose at least one team.")).toBeVisible();
    await userEvent.click(await dialog.findByRole("checkbox", { name: "Payments" }));
    await userEvent.click(dialog.getByRole("checkbox", { name: /^Teams/ }));
    expect(await faults()).toEqual([]);
    await pressed("Make a client", dialog);

    const shown = within(await screen.findByRole("dialog", { name: "Give these to Payroll" }));
    expect(shown.getByText("dls_a-long-secret")).toBeVisible();
    expect(seen.find((call) => call.method === "POST")?.body).toEqual({
      name: "Payroll",
      scopes: ["people:read"],
      teams: [2],
    });
    await pressed("Done", shown);
    await waitFor(() => expect(screen.queryByText("dls_a-long-secret")).toBeNull());
    expect(JSON.stringify({ ...sessionStorage, ...localStorage })).not.toContain("dls_");
  });

  it("that were begun are there after a reload", async () => {
    answering(hub());
    const { unmount } = open("/admin/clients");
    await pressed("Make a client");
    await userEvent.type(await screen.findByLabelText("Name"), "Dash");
    unmount();
    open("/admin/clients");
    await pressed("Make a client");

    expect(await screen.findByLabelText("Name")).toHaveValue("Dash");
  });

  it("have whatever lies under a team with it", async () => {
    answering(hub());
    open("/admin/clients");
    await pressed("Make a client");
    await userEvent.click(await screen.findByRole("checkbox", { name: "Halden" }));

    expect(screen.getByRole("checkbox", { name: "Support" })).toBeChecked();
    expect(screen.getByRole("checkbox", { name: "Support" })).toBeDisabled();
  });

  it("that somebody else has changed meanwhile are told to be, and saved over it knowingly", async () => {
    const told = "Somebody else has changed this client meanwhile.";
    const seen = answering({
      ...hub(),
      "PUT /api/clients/7": () => {
        const version = (seen.at(-1)?.body as Client | undefined)?.version;
        clients = [{ ...PAYROLL, name: "Wages", version: 2 }];
        return version === 2 ? { status: 200, body: PAYROLL } : { status: 409, body: { title: told, status: 409 } };
      },
    });
    open("/admin/clients");
    await pressed("Change Payroll");
    const dialog = within(await screen.findByRole("dialog"));
    await userEvent.type(dialog.getByLabelText("Name"), " two");
    await pressed("Save", dialog);
    expect(await dialog.findByText(told)).toBeVisible();
    expect(await dialog.findByText("Wages: People, Activity of Payments")).toBeVisible();
    expect(dialog.getByLabelText("Name")).toHaveValue("Payroll two");
    await pressed("Save", dialog);

    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("get a new secret beside the old one", async () => {
    const seen = answering({
      ...hub(),
      "POST /api/clients/7/secret": { status: 201, body: { client: PAYROLL, secret: "dls_another" } },
    });
    open("/admin/clients");
    await pressed("New secret for Payroll");
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText("The one that was replaced before stops serving at once.")).toBeVisible();
    await pressed("New secret", dialog);

    expect(await screen.findByText("dls_another")).toBeVisible();
    expect(seen.some((call) => call.path === "/api/clients/7/secret")).toBe(true);
  });

  it("are disabled by their name only", async () => {
    const seen = answering({ ...hub(), "DELETE /api/clients/7": { status: 204 } });
    open("/admin/clients");
    await pressed("Disable Payroll");
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByRole("button", { name: "Disable" })).toBeDisabled();
    await userEvent.type(dialog.getByRole("textbox"), "Payroll");
    await pressed("Disable", dialog);

    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(seen.some((call) => call.method === "DELETE")).toBe(true);
  });
});
