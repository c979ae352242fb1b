import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";

const OUT = { status: 401, body: { title: "Sign in first.", status: 401 } };
const LINK = {
  purpose: "invitation",
  name: "Nina Vidal",
  email: "nina@example.org",
  expires_at: "2026-06-08T10:00:00Z",
};
const OVER = { status: 400, body: { title: "This link doesn't work any more.", status: 400, code: "link_over" } };

beforeEach(() => {
  withSockets();
  sessionStorage.clear();
  localStorage.clear();
});

async function set(password: string) {
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText("New password"), password);
  await user.click(screen.getByRole("button", { name: "Set the password" }));
}

describe("the link of an invitation", () => {
  it("is out of the address at once, sets the password, and leads to sign-in with the e-mail filled in", async () => {
    const seen = answering({
      "GET /api/me": OUT,
      "POST /api/link": { status: 200, body: LINK },
      "POST /api/link/password": { status: 204 },
    });
    open("/set-password#the-token");
    expect(await screen.findByRole("heading", { name: "Welcome, Nina Vidal" })).toBeVisible();
    expect(location.hash).toBe("");
    expect(screen.getByLabelText("Work e-mail")).toHaveValue("nina@example.org");
    expect(await faults()).toEqual([]);
    await set("eleven quiet herons");

    expect(await screen.findByRole("heading", { name: "Your password is set" })).toBeVisible();
    expect(seen.find((call) => call.path === "/api/link/password")).toMatchObject({
      body: { token: "the-token", password: "eleven quiet herons" },
      headers: { "x-csrftoken": "token-1" },
    });
    expect(screen.getByRole("link", { name: "Go to sign-in" })).toHaveAttribute("href", "/");
    expect(localStorage.getItem("daylight-email")).toBe("nina@example.org");
    expect(JSON.stringify(sessionStorage)).not.toContain("the-token");
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("herons");
  });

  it("opens whoever is signed in in this browser, and survives a reload of the tab", async () => {
    const seen = answering({ "GET /api/me": { status: 200, body: ME }, "POST /api/link": { status: 200, body: LINK } });
    const before = open("/set-password#the-token");
    expect(await screen.findByRole("heading", { name: "Welcome, Nina Vidal" })).toBeVisible();
    before.unmount();
    open("/set-password");

    expect(await screen.findByRole("heading", { name: "Welcome, Nina Vidal" })).toBeVisible();
    expect(seen.findLast((call) => call.path === "/api/link")?.body).toEqual({ token: "the-token" });
  });

  it("says at the box what is wrong with a password, keeps it, and shows it to who wants to see it", async () => {
    const common = { title: "This is one of the passwords that are tried first.", field: "password", status: 400 };
    answering({
      "GET /api/me": OUT,
      "POST /api/link": { status: 200, body: LINK },
      "POST /api/link/password": { status: 400, body: common },
    });
    open("/set-password#the-token");
    await set("short");
    expect(await screen.findByText("A password has at least 8 characters.")).toBeVisible();
    await set("erstoday");
    expect(await screen.findByText(common.title)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Show" }));

    expect(screen.getByLabelText("New password")).toHaveAttribute("type", "text");
    expect(screen.getByLabelText("New password")).toHaveValue("shorterstoday");
    expect(screen.getByLabelText("New password")).toBeInvalid();
    expect(await faults()).toEqual([]);
  });
});

describe("a link that doesn't work", () => {
  it.each(["#the-token", ""])("says what may be the matter and what to do (%s)", async (hash) => {
    answering({ "GET /api/me": OUT, "POST /api/link": OVER });
    open(`/set-password${hash}`);

    expect(await screen.findByRole("heading", { name: "This link doesn't work any more" })).toBeVisible();
    expect(screen.getByRole("alert")).toHaveTextContent("For an invitation, ask an admin to send it again.");
    expect(screen.getByRole("link", { name: "Go to sign-in" })).toBeVisible();
    expect(await faults()).toEqual([]);
  });

  it("is told of also when it stops working while the form is open", async () => {
    let over = false;
    answering({
      "GET /api/me": OUT,
      "POST /api/link": () => (over ? OVER : { status: 200, body: LINK }),
      "POST /api/link/password": () => {
        over = true;
        return OVER;
      },
    });
    open("/set-password#the-token");
    await set("eleven quiet herons");

    expect(await screen.findByRole("heading", { name: "This link doesn't work any more" })).toBeVisible();
  });

  it("is not what a hub is called that can't be reached: the link is kept", async () => {
    answering({ "GET /api/me": OUT });
    open("/set-password#the-token");
    expect(await screen.findByRole("alert")).toHaveTextContent("The link is kept in this tab.");
    answering({ "GET /api/me": OUT, "POST /api/link": { status: 200, body: { ...LINK, purpose: "reset" } } });
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));

    expect(await screen.findByRole("heading", { name: "Set a new password" })).toBeVisible();
  });
});

describe("a forgotten password", () => {
  async function forget(answer: { status: number; body?: unknown; headers?: Record<string, string> }) {
    const seen = answering({ "GET /api/me": OUT, "POST /api/password/forgotten": answer });
    open("/");
    await userEvent.type(await screen.findByLabelText("Work e-mail"), "alice@example.org");
    await userEvent.click(screen.getByRole("button", { name: "Forgotten your password?" }));
    expect(await screen.findByRole("heading", { name: "A new password" })).toBeVisible();
    expect(screen.getByLabelText("Work e-mail")).toHaveValue("alice@example.org");
    await userEvent.click(screen.getByRole("button", { name: "Send me a link" }));
    return seen;
  }

  it("is answered alike whoever has the address, and leads back", async () => {
    const seen = await forget({ status: 204 });

    expect(
      await screen.findByText("If somebody here signs in as alice@example.org, a mail is on its way."),
    ).toBeVisible();
    expect(seen.at(-1)?.body).toEqual({ email: "alice@example.org", language: "en" });
    expect(await faults()).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Back to sign-in" }));
    expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
    await waitFor(() => expect(screen.getByLabelText("Password")).toHaveFocus());
  });

  it("says when to try again, and what to do where the hub sends no mail", async () => {
    await forget({ status: 429, body: { title: "Too many.", status: 429 }, headers: { "retry-after": "125" } });
    expect(await screen.findByRole("alert")).toHaveTextContent("Try again in 3 minutes.");
    expect(await faults()).toEqual([]);
    const none = { title: "This hub sends no mail.", status: 400, code: "no_mail", request_id: "r-1" };
    answering({ "POST /api/password/forgotten": { status: 400, body: none } });
    await userEvent.click(screen.getByRole("button", { name: "Send me a link" }));

    expect(await screen.findByText("This hub sends no mail.")).toBeVisible();
    expect(screen.getByRole("alert")).not.toHaveTextContent("r-1");
  });
});
