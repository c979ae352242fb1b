import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import "./Admin"; // It comes later otherwise: to a busy machine seconds later.

const as = (role: string) =>
  answering({ "GET /api/me": { status: 200, body: { ...ME, roles: [{ role, team: null }] } } });

beforeEach(() => {
  withSockets();
});

describe("what is set up and checked for all", () => {
  it("is a list of pages for admins, with one way to it from everywhere", async () => {
    as("admin");
    open("/my-data");
    await userEvent.click(await screen.findByRole("link", { name: "Admin" }));

    expect(await screen.findByRole("link", { name: /API clients/ })).toHaveAttribute("href", "/admin/clients");
    expect(screen.getByRole("link", { name: /Security/ })).toHaveAttribute("href", "/admin/security");
    expect(screen.getByRole("link", { name: "Admin" })).toHaveAttribute("aria-current", "page");
    expect(await faults()).toEqual([]);
  });

  it("is two pages for auditors", async () => {
    as("auditor");
    open("/admin");

    expect(await screen.findByRole("link", { name: /Audit/ })).toHaveAttribute("href", "/admin/audit");
    const paths = within(screen.getByRole("main"))
      .getAllByRole("link")
      .map((link) => link.getAttribute("href"));
    expect(paths).toEqual(["/admin/security", "/admin/audit"]);
  });

  it("calls a representative when a proposal waits for them", async () => {
    const me = { ...ME, roles: [{ role: "representative", team: null }], ceiling_waits: true };
    answering({ "GET /api/me": { status: 200, body: me } });
    open("/devices");

    expect(await screen.findByText(/proposal to raise the organisation's ceiling waits for you/)).toBeVisible();
    expect(screen.getByRole("link", { name: "Look at it" })).toHaveAttribute("href", "/admin/policies?ceiling=");
    expect(await faults()).toEqual([]);
  });

  it("calls an admin while requests about data wait, with the last day for the first", async () => {
    const me = { ...ME, roles: [{ role: "admin", team: null }], requests_wait: 2, requests_due_on: "2026-04-02" };
    answering({ "GET /api/me": { status: 200, body: me } });
    open("/devices");

    expect(await screen.findByText("2 requests about data wait for an answer, the first by 2 Apr 2026.")).toBeVisible();
    expect(screen.getByRole("link", { name: "Answer" })).toHaveAttribute("href", "/admin/requests");
  });

  it("is reached by keys from elsewhere, page by page", async () => {
    as("admin");
    open("/my-data");
    await screen.findByRole("link", { name: "Admin" });
    await waitFor(async () => {
      await userEvent.keyboard("gu");
      expect(location.pathname).toBe("/admin/security");
    });
  });

  it("is not there for anybody else, nor below it what a role has no use for", async () => {
    answering({ "GET /api/me": { status: 200, body: ME } });
    const { unmount } = open("/admin/clients");
    expect(await screen.findByRole("heading", { name: "There is no such page", level: 2 })).toBeVisible();
    expect(screen.queryByRole("link", { name: "Admin" })).toBeNull();
    unmount();
    as("auditor");
    open("/admin/clients");

    expect(await screen.findByRole("heading", { name: "There is no such page", level: 2 })).toBeVisible();
  });
});
