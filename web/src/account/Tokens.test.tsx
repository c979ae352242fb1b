import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import "./AccountPage"; // The page comes later otherwise: to a busy machine seconds later.
import type { Token } from "./tokensApi";

const LATER = "2126-03-02T10:00:00Z";
const SCRIPT: Token = {
  id: 4,
  name: "Script",
  ends_with: "wxyz",
  scopes: ["people:read"],
  created_at: "2026-03-02T10:00:00Z",
  expires_at: LATER,
  last_used_at: null,
  revoked_at: null,
};
let tokens: Token[];

const hub = () => ({
  "GET /api/me": { status: 200, body: ME },
  "GET /api/me/factors": {
    status: 200,
    body: { password: true, totp_since: null, passkeys: [], recovery_codes_left: 0 },
  },
  "GET /api/me/sessions": { status: 200, body: [] },
  "GET /api/me/tokens": () => ({ status: 200, body: tokens }),
});

beforeEach(() => {
  withSockets();
  tokens = [SCRIPT, { ...SCRIPT, id: 3, name: "Old", expires_at: "2026-03-03T10:00:00Z" }];
});

describe("tokens of one's own", () => {
  it("are listed as long as they serve", async () => {
    answering(hub());
    open("/account");

    const list = within(await screen.findByRole("list", { name: "Tokens" }));
    expect(list.getAllByRole("listitem")).toHaveLength(1);
    expect(list.getByText(/People · serves until .* · never used/)).toBeVisible();
  });

  it("are made with a name and shown this once", async () => {
    tokens = [];
    const seen = answering({
      ...hub(),
      "POST /api/me/tokens": () => {
        tokens = [SCRIPT];
        return { status: 201, body: { token: SCRIPT, secret: "dlp_a-long-secret" } };
      },
    });
    open("/account");
    await userEvent.click(await screen.findByRole("button", { name: "Make a token" }));
    const dialog = within(await screen.findByRole("dialog"));
    await userEvent.click(dialog.getByRole("button", { name: "Make a token" }));
    expect(await dialog.findByText("Give it a name.")).toBeVisible();
    await userEvent.type(dialog.getByLabelText("Name"), "Script");
    await userEvent.selectOptions(dialog.getByLabelText("Serves for"), "90");
    expect(await faults()).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: "Make a token" }));

    expect(await dialog.findByText("dlp_a-long-secret")).toBeVisible();
    expect(seen.find((call) => call.path === "/api/me/tokens" && call.method === "POST")?.body).toEqual({
      name: "Script",
      scopes: ["teams:read", "people:read"],
      days: 90,
    });
    await userEvent.click(dialog.getByRole("button", { name: "Done" }));
    await waitFor(() => expect(screen.queryByText("dlp_a-long-secret")).toBeNull());
    expect(screen.getByText("Script")).toBeVisible();
  });

  it("that were begun are there after a reload", async () => {
    answering(hub());
    const { unmount } = open("/account");
    await userEvent.click(await screen.findByRole("button", { name: "Make a token" }));
    await userEvent.type(await within(screen.getByRole("dialog")).findByLabelText("Name"), "Dash");
    unmount();
    open("/account");
    await userEvent.click(await screen.findByRole("button", { name: "Make a token" }));

    expect(await within(screen.getByRole("dialog")).findByLabelText("Name")).toHaveValue("Dash");
  });

  it("are revoked by one who is sure", async () => {
    answering({
      ...hub(),
      "DELETE /api/me/tokens/4": () => {
        tokens = [];
        return { status: 204 };
      },
    });
    open("/account");
    await userEvent.click(await screen.findByRole("button", { name: "Revoke Script" }));
    await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Revoke" }));

    await waitFor(() => expect(screen.queryByText("Script")).toBeNull());
  });
});
