import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { Factors } from "../factors/api";
import type { About } from "../profile/api";
import { answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import { ago } from "../testing/wall";
import type { Session } from "./api";
import "./AccountPage"; // The page comes later otherwise: to a busy machine seconds later.

const CODES = ["ABCD-EFGH-JKMN", "0123-4567-89AB"];
const PROVE = { status: 403, body: { title: "Prove first that it is you.", status: 403, code: "fresh_proof" } };
let factors: Factors;
let profile: About;

const hub = () => ({
  "GET /api/me": { status: 200, body: ME },
  "GET /api/me/sessions": () => ({ status: 200, body: sessions }),
  "GET /api/me/profile": () => ({ status: 200, body: profile }),
  "GET /api/zones": { status: 200, body: ["Asia/Tokyo", "Europe/Oslo"] },
  "GET /api/me/tokens": { status: 200, body: [] },
  "GET /api/me/factors": () => ({ status: 200, body: factors }),
  "POST /api/me/totp": { status: 201, body: { qr: "data:image/svg+xml,%3Csvg/%3E", secret: "ABCDEFGHIJKLMNOP" } },
  "POST /api/me/totp/confirm": () => {
    factors = { ...factors, totp_since: "2026-03-02T10:00:00Z", recovery_codes_left: 10 };
    return { status: 201, body: { recovery_codes: CODES } };
  },
});

const LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36";
const PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0";
let sessions: Session[];

beforeEach(() => {
  withSockets();
  sessions = [
    { id: "s1", started_at: ago(60), seen_at: ago(5), browser: LINUX, address: "192.0.2.1", this: true },
    { id: "s2", started_at: ago(90_000), seen_at: ago(7_200), browser: PHONE, address: "192.0.2.2", this: false },
    { id: "s3", started_at: ago(90_000), seen_at: ago(30), browser: "curl/8", address: "192.0.2.3", this: false },
  ];
  factors = { password: true, totp_since: null, passkeys: [], recovery_codes_left: 0, sign_on_since: null };
  profile = {
    name: "Alice Adams",
    email: "alice@halden.example",
    zone: "Europe/Oslo",
    locale: null,
    working_hours: null,
    zones: [{ zone: "Europe/Oslo", since_at: null, until_at: null }],
    version: 1,
  };
});

async function pressed(name: string) {
  await userEvent.click(await screen.findByRole("button", { name }));
}

describe("the profile", () => {
  it("names its person anew in the shell, in the language that was chosen, at once", async () => {
    let me = { ...ME, name: "Alice Adams" };
    const seen: Seen[] = answering({
      ...hub(),
      "GET /api/me": () => ({ status: 200, body: me }),
      "PUT /api/me/profile": () => {
        profile = { ...profile, ...(seen.at(-1)?.body as About), version: 2 };
        me = { ...me, name: profile.name };
        return { status: 200, body: profile };
      },
    });
    open("/account");
    await userEvent.type(await screen.findByLabelText("Your name"), "-Berg");
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Language" }), "العربية");
    await pressed("Save");

    expect(await screen.findByRole("button", { name: "حساب Alice Adams-Berg" })).toBeVisible();
    expect(document.documentElement).toHaveAttribute("dir", "rtl");
    expect(screen.queryByText("Alice Adams")).toBeNull();
  });

  it("is changed, what is typed outlives a reload, and a new zone says when it holds", async () => {
    const seen: Seen[] = answering({
      ...hub(),
      "PUT /api/me/profile": () => {
        const tomorrow = new Date(Date.now() + 3600_000).toISOString();
        profile = {
          ...profile,
          ...(seen.at(-1)?.body as About),
          zones: [
            { zone: "Asia/Tokyo", since_at: tomorrow, until_at: null },
            { zone: "Europe/Oslo", since_at: null, until_at: tomorrow },
          ],
          version: 2,
        };
        return { status: 200, body: profile };
      },
    });
    const { unmount } = open("/account");
    await userEvent.type(await screen.findByLabelText("Your name"), "-Berg");
    unmount();
    open("/account");
    expect(await screen.findByLabelText("Your name")).toHaveValue("Alice Adams-Berg");
    await userEvent.click(screen.getByRole("combobox", { name: "Time zone" }));
    await userEvent.click(await screen.findByText("Asia/Tokyo"));
    await pressed("Sun");
    expect(await faults()).toEqual([]);
    await pressed("Save");

    expect(await screen.findByText(/until then workdays are in Europe\/Oslo/)).toBeVisible();
    expect(screen.getByText("Saved.")).toBeVisible();
    expect(screen.queryByLabelText("Work e-mail")).toBeNull();
    expect(seen.find(({ method }) => method === "PUT")?.body).toEqual({
      name: "Alice Adams-Berg",
      zone: "Asia/Tokyo",
      locale: null,
      working_hours: { days: [6], from_min: 540, until_min: 1020 },
      version: 1,
    });
    expect(sessionStorage).toHaveLength(0);
  });

  it("that was changed elsewhere meanwhile is not overwritten unseen", async () => {
    answering({
      ...hub(),
      "PUT /api/me/profile": () => {
        profile = { ...profile, working_hours: { days: [0, 1, 2], from_min: 480, until_min: 960 }, version: 2 };
        return { status: 409, body: { title: "Somebody else has changed this.", status: 409, request_id: "r-1" } };
      },
    });
    open("/account");
    await pressed("Sun");
    await pressed("Save");

    expect(await screen.findByText("Now: Mon–Wed 08:00–16:00")).toBeVisible();
    await pressed("Take theirs");
    expect(screen.getByRole("button", { name: "Sun" })).toHaveAttribute("aria-pressed", "false");
  });
});

describe("the authenticator", () => {
  it("is set up by a code of it, and the recovery codes are shown this once", async () => {
    const seen = answering(hub());
    open("/account");
    await pressed("Set up an authenticator");
    const dialog = within(await screen.findByRole("dialog"));
    expect(await dialog.findByRole("img", { name: "QR code of the secret" })).toBeVisible();
    expect(dialog.getByLabelText("Secret")).toHaveTextContent("ABCD EFGH IJKL MNOP");
    expect(await faults()).toEqual([]);
    await userEvent.type(dialog.getByLabelText("The code that the app shows now"), "123456");
    await userEvent.click(dialog.getByRole("button", { name: "Confirm" }));

    const codes = await dialog.findByRole("list", { name: "Recovery codes" });
    expect(
      within(codes)
        .getAllByRole("listitem")
        .map((line) => line.textContent),
    ).toEqual(CODES);
    expect(seen.find((call) => call.path === "/api/me/totp/confirm")?.body).toEqual({ code: "123456" });
    await userEvent.click(dialog.getByRole("button", { name: "Done" }));
    expect(await screen.findByText("Set up since 2 Mar 2026")).toBeVisible();
    expect(screen.getByText("10 codes are left")).toBeVisible();
    await waitFor(() => expect(screen.queryByText(CODES[0] as string)).toBeNull());
  });

  it("says of a wrong code that it is one, and asks for another", async () => {
    answering({
      ...hub(),
      "POST /api/me/totp/confirm": {
        status: 400,
        body: { title: "No.", status: 400, field: "code", request_id: "r-1" },
      },
    });
    open("/account");
    await pressed("Set up an authenticator");
    await userEvent.type(await screen.findByLabelText("The code that the app shows now"), "000000");
    await pressed("Confirm");

    expect(await screen.findByRole("alert")).toHaveTextContent("This code doesn't match, or was used before.");
    expect(screen.getByLabelText("The code that the app shows now")).toHaveValue("");
  });

  it("is removed only by one who is sure", async () => {
    factors = {
      password: true,
      totp_since: "2026-03-02T10:00:00Z",
      passkeys: [],
      recovery_codes_left: 2,
      sign_on_since: null,
    };
    answering({
      ...hub(),
      "DELETE /api/me/totp": () => {
        factors = { ...factors, totp_since: null, recovery_codes_left: 0 };
        return { status: 204 };
      },
    });
    open("/account");
    expect(await screen.findByText("2 codes are left")).toBeVisible();
    await pressed("Remove");
    await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Remove" }));

    expect(await screen.findByText("Not set up")).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("heading", { name: "Recovery codes" })).toBeNull()); // each section asks by itself
  });
});

describe("the sign-in of the organisation", () => {
  const provided = () => ({ ...hub(), "GET /api/sign-on": { status: 200, body: { oidc: "Halden ID" } } });

  it("is connected by going there, and disconnected by who has another way", async () => {
    const seen = answering({
      ...provided(),
      "POST /api/me/identity": { status: 200, body: { address: "#there" } },
      "DELETE /api/me/identity": () => {
        factors = { ...factors, sign_on_since: null };
        return { status: 204 };
      },
    });
    open("/account");
    await pressed("Connect");
    await waitFor(() => expect(location.hash).toBe("#there"));
    expect(seen.at(-1)?.body).toEqual({ next: "/account" });
    factors = { ...factors, sign_on_since: "2026-03-02T10:00:00Z" };
    cleanup();
    open("/account?sign-on=connected");

    expect(await screen.findByText("Connected since 2 Mar 2026")).toBeVisible();
    expect(await faults()).toEqual([]);
    await waitFor(() => expect(location.search).toBe(""));
    await pressed("Disconnect");
    await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Disconnect" }));
    expect(await screen.findByText("Not connected")).toBeVisible();
  });

  it("is kept by who would have no way in without it, and proves that it is them", async () => {
    factors = { ...factors, password: false, sign_on_since: "2026-03-02T10:00:00Z" };
    const seen = answering({
      ...provided(),
      "POST /api/me/totp": PROVE,
      "POST /api/session/proof/sign-on": { status: 200, body: { address: "#there" } },
    });
    open("/account");
    expect(await screen.findByText(/it is your only way in/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Disconnect" })).toBeNull();
    await pressed("Set up an authenticator");
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await userEvent.click(await dialog.findByRole("button", { name: "Sign in anew with Halden ID" }));

    await waitFor(() => expect(location.hash).toBe("#there"));
    expect(seen.at(-1)?.path).toBe("/api/session/proof/sign-on");
  });

  it("says why it failed", async () => {
    answering(provided());
    open("/account?sign-on=taken");

    expect(await screen.findByRole("alert")).toHaveTextContent("It is connected to another account here");
  });
});

describe("an act that asks for a fresh proof", () => {
  it("goes on once it is given, with what was typed", async () => {
    let proved = false;
    const seen = answering({
      ...hub(),
      "POST /api/session/proof": () => {
        proved = true;
        return { status: 204 };
      },
      "POST /api/me/totp": () => (proved ? hub()["POST /api/me/totp"] : PROVE),
    });
    open("/account");
    await pressed("Set up an authenticator");
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    expect(await faults()).toEqual([]);
    await userEvent.type(dialog.getByLabelText("Your password"), "correct horse");
    await userEvent.click(dialog.getByRole("button", { name: "Go on" }));

    expect(await screen.findByLabelText("Secret")).toBeVisible();
    expect(seen.find((call) => call.path === "/api/session/proof")?.body).toEqual({ password: "correct horse" });
    expect(seen.filter((call) => call.path === "/api/me/totp")).toHaveLength(2);
  });

  it("takes a code as well, and says of a wrong password that it is one", async () => {
    factors = {
      password: true,
      totp_since: "2026-03-02T10:00:00Z",
      passkeys: [],
      recovery_codes_left: 9,
      sign_on_since: null,
    };
    const refused = { title: "This is not your password.", status: 400, field: "password", request_id: "r-1" };
    const seen = answering({
      ...hub(),
      "POST /api/me/recovery-codes": PROVE,
      "POST /api/session/proof": { status: 400, body: refused },
    });
    open("/account");
    await pressed("Make new ones");
    await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Make new ones" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await userEvent.type(dialog.getByLabelText("Your password"), "wrong");
    await userEvent.click(dialog.getByRole("button", { name: "Go on" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent("This is not your password.");
    await userEvent.click(dialog.getByRole("button", { name: "Use a code" }));
    await userEvent.type(dialog.getByLabelText(/A code of your authenticator/), "123456");
    await userEvent.click(dialog.getByRole("button", { name: "Go on" }));

    await waitFor(() => expect(seen.at(-1)?.body).toEqual({ code: "123456" }));
  });

  it("is left undone when nobody proves anything", async () => {
    const seen = answering({ ...hub(), "POST /api/me/totp": PROVE });
    open("/account");
    await pressed("Set up an authenticator");
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await userEvent.click(dialog.getByRole("button", { name: "Cancel" }));

    expect(await screen.findByText("Prove first that it is you.")).toBeVisible();
    expect(seen.filter((call) => call.path === "/api/me/totp")).toHaveLength(1);
  });
});

describe("the password", () => {
  it("is changed by the one of now and the new one twice", async () => {
    const seen = answering({ ...hub(), "PUT /api/me/password": { status: 204 } });
    open("/account");
    await userEvent.type(await screen.findByLabelText("Your password now"), "the old one");
    await userEvent.type(screen.getByLabelText("New password"), "a long new one");
    await userEvent.type(screen.getByLabelText("New password again"), "a long new");
    expect(screen.getByText("The two are not the same.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Change the password" })).toBeDisabled();
    await userEvent.type(screen.getByLabelText("New password again"), " one");
    await pressed("Change the password");

    expect(await screen.findByText("Changed. You are signed out everywhere else.")).toBeVisible();
    expect(seen.find(({ method }) => method === "PUT")?.body).toEqual({
      password: "a long new one",
      current: "the old one",
    });
    expect(screen.getByLabelText("New password")).toHaveValue("");
  });

  it("that is too short is said to be, and stays typed", async () => {
    const short = { title: "A password has 8 to 200 characters.", status: 400, field: "password" };
    answering({ ...hub(), "PUT /api/me/password": { status: 400, body: short } });
    open("/account");
    for (const [name, text] of [
      ["Your password now", "the old one"],
      ["New password", "short"],
      ["New password again", "short"],
    ] as const) {
      await userEvent.type(await screen.findByLabelText(name), text);
    }
    await pressed("Change the password");

    expect(await screen.findByRole("alert")).toHaveTextContent("A password has 8 to 200 characters.");
    expect(screen.getByLabelText("New password")).toHaveValue("short");
    expect(screen.getByLabelText("Your password now")).toHaveValue("");
  });
});

describe("sessions", () => {
  it("are listed with browser, place and time, and ended one by one or all but this", async () => {
    const seen = answering({
      ...hub(),
      "DELETE /api/me/sessions/s2": () => {
        sessions = sessions.filter(({ id }) => id !== "s2");
        return { status: 204 };
      },
      "DELETE /api/me/sessions": () => {
        sessions = sessions.slice(0, 1);
        return { status: 204 };
      },
    });
    open("/account");
    const list = within(await screen.findByRole("list", { name: "Sessions" }));
    expect(list.getAllByRole("listitem").map((line) => line.querySelector("b")?.textContent)).toEqual([
      "Chrome on Linux",
      "Firefox on Android",
      "An unknown browser",
    ]);
    expect(list.getByText("this one")).toBeVisible();
    expect(list.getByText(/last seen 2 h 00 ago · 192\.0\.2\.2/)).toBeVisible();
    expect(list.queryByRole("button", { name: "End Chrome on Linux" })).toBeNull();
    expect(await faults()).toEqual([]);
    await pressed("End Firefox on Android");
    await waitFor(() => expect(list.getAllByRole("listitem")).toHaveLength(2));
    await pressed("Sign out everywhere else");

    await waitFor(() => expect(list.getAllByRole("listitem")).toHaveLength(1));
    expect(seen.filter(({ method }) => method === "DELETE").map(({ path }) => path)).toEqual([
      "/api/me/sessions/s2",
      "/api/me/sessions",
    ]);
    expect(screen.queryByRole("button", { name: "Sign out everywhere else" })).toBeNull();
  });
});

describe("roles that must have a second factor", () => {
  const admin = { ...ME, roles: [{ role: "admin", team: null }] };

  it("are an admin's to choose", async () => {
    const seen = answering({
      ...hub(),
      "GET /api/me": { status: 200, body: admin },
      "GET /api/organisation/factors": { status: 200, body: { roles: ["admin"], version: 4 } },
      "PUT /api/organisation/factors": { status: 200, body: { roles: ["admin", "auditor"], version: 5 } },
    });
    open("/account");
    expect(await screen.findByRole("checkbox", { name: "Admins" })).toBeChecked();
    expect(screen.getByRole("button", { name: "Save" })).toBeDisabled();
    await userEvent.click(screen.getByRole("checkbox", { name: "Auditors" }));
    await pressed("Save");

    expect(await screen.findByText("Saved")).toBeVisible();
    expect(screen.getByRole("checkbox", { name: "Auditors" })).toBeChecked();
    expect(seen.find(({ method }) => method === "PUT")?.body).toEqual({
      roles: ["admin", "auditor"],
      version: 4,
    });
  });

  it("lead whoever has none to set one up, in place of any page, and then on", async () => {
    let me: object = { ...ME, factor_wanted: true };
    answering({
      ...hub(),
      "GET /api/me": () => ({ status: 200, body: me }),
      "GET /api/devices": { status: 200, body: [] },
    });
    open("/devices");
    expect(await screen.findByRole("heading", { name: "Set up a second factor" })).toBeVisible();
    expect(screen.queryByText("You have no devices yet")).toBeNull();
    await pressed("Set up an authenticator");
    await userEvent.type(await screen.findByLabelText("The code that the app shows now"), "123456");
    await pressed("Confirm");
    await pressed("Done");
    me = ME;
    await pressed("Go on");

    expect(await screen.findByText("You have no devices yet")).toBeVisible();
  });
});
