import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";

const OUT = { status: 401, body: { title: "Sign in first.", status: 401 } };

async function submit(email: string, password: string) {
  const user = userEvent.setup();
  await user.clear(await screen.findByLabelText("Work e-mail"));
  await user.type(screen.getByLabelText("Work e-mail"), email);
  await user.type(screen.getByLabelText("Password"), password);
  await user.click(screen.getByRole("button", { name: "Sign in" }));
}

beforeEach(withSockets);

describe("signing in", () => {
  it("leads to the page that was asked for, with the double-submit token", async () => {
    const seen = answering({
      "GET /api/me": OUT,
      "POST /api/session": { status: 200, body: ME },
      "GET /api/devices": { status: 200, body: [] },
    });
    open("/devices");
    await submit("alice@example.org", "correct horse");

    expect(await screen.findByText("You have no devices yet")).toBeVisible();
    expect(seen.find((call) => call.method === "POST")).toMatchObject({
      body: { email: "alice@example.org", password: "correct horse" },
      headers: { "x-csrftoken": "token-1" },
    });
  });

  it("says what the hub says of a wrong password, keeps the e-mail and empties the password", async () => {
    answering({
      "GET /api/me": OUT,
      "POST /api/session": { status: 401, body: { title: "That e-mail and password don't match.", status: 401 } },
    });
    open("/");
    await submit("alice@example.org", "wrong");

    expect(await screen.findByRole("alert")).toHaveTextContent("That e-mail and password don't match.");
    expect(screen.getByLabelText("Work e-mail")).toHaveValue("alice@example.org");
    expect(screen.getByLabelText("Password")).toHaveValue("");
    expect(screen.getByLabelText("Password")).toHaveFocus();
    expect(await faults()).toEqual([]);
  });

  it("says for how long to wait after too many tries", async () => {
    answering({
      "GET /api/me": OUT,
      "POST /api/session": {
        status: 429,
        body: { title: "Too many tries.", status: 429 },
        headers: { "retry-after": "40" },
      },
    });
    open("/");
    await submit("alice@example.org", "wrong");

    expect(await screen.findByRole("alert")).toHaveTextContent("40 seconds");
  });

  it("asks a GET for the token when there is none", async () => {
    // biome-ignore lint/suspicious/noDocumentCookie: there is no other way in a test
    document.cookie = "csrftoken=; max-age=0";
    const seen = answering({ "GET /api/me": OUT, "POST /api/session": { status: 503, body: { title: "Busy." } } });
    open("/");
    await submit("alice@example.org", "secret");

    expect(await screen.findByRole("alert")).toHaveTextContent("Busy.");
    expect(seen.map((call) => `${call.method} ${call.path}`)).toEqual([
      "GET /api/me",
      "GET /api/me",
      "POST /api/session",
    ]);
  });
});

describe("the second step", () => {
  const half = {
    "GET /api/me": OUT,
    "POST /api/session": { status: 201, body: { second_step: ["totp", "recovery"] } },
  };

  it("is asked for by whoever has a factor, and leads in", async () => {
    const seen = answering({
      ...half,
      "POST /api/session/second-step": { status: 201, body: ME },
      "GET /api/devices": { status: 200, body: [] },
    });
    open("/devices");
    await submit("alice@example.org", "correct horse");
    expect(await screen.findByRole("heading", { name: "Second step" })).toBeVisible();
    expect(screen.getByLabelText("Code of your authenticator")).toHaveFocus();
    expect(await faults()).toEqual([]);
    await userEvent.type(screen.getByLabelText("Code of your authenticator"), "123 456");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));

    expect(await screen.findByText("You have no devices yet")).toBeVisible();
    expect(seen.find((call) => call.path === "/api/session/second-step")?.body).toEqual({ code: "123 456" });
  });

  it("says of a wrong code that it is one, and takes a recovery code instead", async () => {
    const wrong = { title: "No.", status: 400, field: "code", request_id: "r-1" };
    answering({ ...half, "POST /api/session/second-step": { status: 400, body: wrong } });
    open("/");
    await submit("alice@example.org", "correct horse");
    await userEvent.type(await screen.findByLabelText("Code of your authenticator"), "000000");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("This code doesn't match, or was used before.");
    await userEvent.click(screen.getByRole("button", { name: "Use a recovery code" }));

    expect(screen.getByLabelText("Recovery code")).toHaveFocus();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("that took too long begins again", async () => {
    answering({ ...half, "POST /api/session/second-step": OUT });
    open("/");
    await submit("alice@example.org", "correct horse");
    await userEvent.type(await screen.findByLabelText("Code of your authenticator"), "123456");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));

    expect(await screen.findByRole("alert")).toHaveTextContent("The second step took too long. Begin again.");
    expect(screen.getByLabelText("Password")).toBeVisible();
  });
});

describe("the session", () => {
  it("ends on signing out, and does not call that being signed out by others", async () => {
    answering({
      "GET /api/me": { status: 200, body: ME },
      "GET /api/devices": { status: 200, body: [] },
      "DELETE /api/session": { status: 204 },
    });
    open("/devices");
    sessionStorage.setItem("a draft", "of Alice's");
    localStorage.setItem("daylight-recent", "{}");
    await userEvent.click(await screen.findByRole("button", { name: "Account of Alice Adams" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Sign out" }));

    expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
    expect(screen.queryByText("You were signed out")).toBeNull();
    await waitFor(() => expect(sessionStorage).toHaveLength(0)); // nothing of theirs is left for whoever comes next
    expect(localStorage.getItem("daylight-recent")).toBeNull();
  });

  it("that could not be ended is said to go on, with the request's number, until it is ended", async () => {
    const answers = { "GET /api/me": { status: 200, body: ME }, "GET /api/devices": { status: 200, body: [] } };
    const away = { title: "Try again in a few seconds.", status: 503, request_id: "r-503" };
    answering({ ...answers, "DELETE /api/session": { status: 503, body: away } });
    open("/devices");
    await userEvent.click(await screen.findByRole("button", { name: "Account of Alice Adams" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Sign out" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("You are still signed inTry again in a few seconds.");
    expect(screen.getByRole("alert")).toHaveTextContent("Request r-503");
    answering({ "DELETE /api/session": { status: 204 } });
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));

    expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
  });

  it("that any call finds ended leads to sign-in, and says so", async () => {
    answering({ "GET /api/me": { status: 200, body: ME }, "GET /api/devices": OUT });
    open("/devices");

    expect(await screen.findByText("You were signed out")).toBeVisible();
  });

  it("that can't be asked for offers another try", async () => {
    answering({});
    open("/");
    expect(await screen.findByRole("alert")).toHaveTextContent("The hub can't be reached.");
    answering({ "GET /api/me": OUT });
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));

    await waitFor(() => expect(screen.getByRole("heading", { name: "Sign in" })).toBeVisible());
  });
});

describe("signing in through a provider", () => {
  const hub = { "GET /api/me": OUT, "GET /api/sign-on": { status: 200, body: { oidc: "Halden ID" } } };

  it("leads there, and back to the address that was asked for", async () => {
    const seen = answering({
      ...hub,
      "POST /api/sign-on": { status: 200, body: { address: "#there" } },
    });
    open("/devices?view=all#x");
    await userEvent.click(await screen.findByRole("button", { name: "Sign in with Halden ID" }));

    await waitFor(() => expect(location.hash).toBe("#there"));
    expect(seen.find((call) => call.method === "POST")?.body).toEqual({ next: "/devices?view=all#x" });
    expect(await faults()).toEqual([]);
  });

  it("says that it is away, and leaves the other ways", async () => {
    answering({ ...hub, "POST /api/sign-on": { status: 503, body: { status: 503, title: "Away." } } });
    open("/");
    await userEvent.click(await screen.findByRole("button", { name: "Sign in with Halden ID" }));

    expect(await screen.findByRole("alert")).toHaveTextContent("can't be reached now");
    expect(screen.getByLabelText("Password")).toBeVisible();
  });

  it("says why it failed, once", async () => {
    answering(hub);
    open("/devices?view=all&sign-on=nobody");

    expect(await screen.findByRole("alert")).toHaveTextContent("You are known there, and nobody here.");
    await waitFor(() => expect(location.search).toBe("?view=all"));
    expect(await faults()).toEqual([]);
  });

  it("goes on with the second step that is wanted", async () => {
    answering(hub);
    open("/?second-step=totp,recovery");

    expect(await screen.findByRole("heading", { name: "Second step" })).toBeVisible();
    await waitFor(() => expect(location.search).toBe(""));
  });
});
