import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { answering, HubSocket, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import type { Tile, ToViewer } from "../wire.gen";
import { openAhead } from "./socket";

const ago = (s: number) => new Date(Date.now() - s * 1000).toISOString();
const now = () => ago(0);
const ann = (app: string): Tile => ({
  person: 7,
  name: "Ann Zieliński",
  link: "live",
  facts: { app, last_input_at: ago(2) },
  at: ago(1),
  since_at: ago(600),
});
const bob: Tile = { person: 8, name: "Bob Okafor", link: "unknown", facts: { last_input_at: ago(200) }, at: ago(200) };

const teams = (...names: string[]): ToViewer => ({
  t: "teams",
  teams: names.map((name, i) => ({ id: i + 1, name })),
  now: now(),
});
const snapshot = (...tiles: Tile[]): ToViewer => {
  return { t: "snapshot", team: 1, epoch: "e", rev: 1, now: now(), part: 0, parts: 1, tiles };
};

async function opened(...frames: ToViewer[]) {
  await openedAt("/", ...frames);
}

async function openedAt(path: string, ...frames: ToViewer[]) {
  open(path);
  await waitFor(() => expect(HubSocket.all).toHaveLength(1));
  act(() => HubSocket.last.accept());
  act(() => HubSocket.last.say(...frames));
}

const row = (person: number) => waitFor(() => found(`[data-person="${person}"]`));
const cell = (of: HTMLElement, name: string) => found(`[data-cell="${name}"]`, of).textContent;

function found(selector: string, within: ParentNode = document): HTMLElement {
  const element = within.querySelector<HTMLElement>(selector);
  if (!element) {
    throw new Error(`nothing matches ${selector}`);
  }
  return element;
}

beforeEach(() => {
  withSockets();
  answering({ "GET /api/me": { status: 200, body: ME } });
});

describe("the live page", () => {
  it("shows a person's state, app, time in state and age, and a change when it comes", async () => {
    await opened(teams("Payments"), snapshot(ann("VS Code")));
    const shown = await row(7);
    expect(["state", "app", "for", "age"].map((name) => cell(shown, name))).toEqual([
      "Active",
      "VS Code",
      "10 min",
      "1 s",
    ]);

    act(() =>
      HubSocket.last.say({ t: "delta", team: 1, epoch: "e", rev: 2, now: now(), tiles: [ann("Slack")], gone: [] }),
    );

    await waitFor(() => expect(cell(shown, "app")).toBe("Slack"));
    expect(HubSocket.last.sent).toEqual([{ t: "subscribe" }, { t: "ack", team: 1, rev: 1, part: 0 }]);
  });

  it("shows and acks what came before it was there", async () => {
    openAhead(`ws://${location.host}/live`, { t: "subscribe" });
    HubSocket.last.accept();
    HubSocket.last.say(teams("Payments"), snapshot(ann("VS Code")));
    open("/");

    await row(7);
    expect(HubSocket.all).toHaveLength(1);
    expect(HubSocket.last.sent).toEqual([{ t: "subscribe" }, { t: "ack", team: 1, rev: 1, part: 0 }]);
  });

  it("acks in a hidden page too, where nothing is painted", async () => {
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    await opened(teams("Payments"), snapshot(ann("VS Code")));

    expect(HubSocket.last.sent).toContainEqual({ t: "ack", team: 1, rev: 1, part: 0 });
    hidden.mockRestore();
  });

  it("marks whom the hub does not hear as stale", async () => {
    await opened(teams("Payments"), snapshot(ann("VS Code"), bob));
    const shown = await row(8);

    expect(cell(shown, "state")).toBe("Stale");
    expect(cell(shown, "app")).toBe("Was active");
    expect(cell(shown, "age")).toBe("3 min");
  });

  it("filters by a state's count and by text, and both are in the address", async () => {
    const user = userEvent.setup();
    await opened(teams("Payments"), snapshot(ann("VS Code"), bob));
    await row(7);
    await user.click(found("[data-count=unknown]"));
    expect(document.querySelector('[data-person="7"]')).toBeNull();
    await user.type(screen.getByRole("searchbox"), "ann");

    expect(await screen.findByText("Nobody matches this filter")).toBeVisible();
    expect(location.search).toBe("?state=unknown&find=ann");
    await user.click(screen.getByRole("button", { name: "Show everybody" }));
    await row(7);
    expect(location.search).toBe("");
  });

  it("says it is reconnecting, keeps the picture, and is live again", async () => {
    await opened(teams("Payments"), snapshot(ann("VS Code")));
    await row(7);
    act(() => HubSocket.last.drop(4100));
    expect(found("[data-live]").dataset.live).toBe("reconnecting");
    await row(7);
    await waitFor(() => expect(HubSocket.all).toHaveLength(2));
    act(() => HubSocket.last.accept());
    act(() => HubSocket.last.say(teams("Payments"), snapshot(ann("Figma"))));

    await waitFor(async () => expect(cell(await row(7), "app")).toBe("Figma"));
    expect(HubSocket.last.sent[0]).toEqual({ t: "subscribe", viewport: [7] });
    expect(found("[data-live]").dataset.live).toBe("live");
  });

  it("goes to sign-in when the hub ends the session", async () => {
    await opened(teams("Payments"), snapshot(ann("VS Code")));
    act(() => HubSocket.last.drop(4203));

    expect(await screen.findByText("You were signed out")).toBeVisible();
    expect(screen.queryByText("Ann Zieliński")).toBeNull();
  });

  it("asks anew who is signed in when what they may see has changed: pages and rights follow", async () => {
    await opened(teams("Payments"), snapshot(ann("VS Code")));
    await row(7);
    const plain = { ...ME, roles: [], manages: false };
    const seen = answering({ "GET /api/me": { status: 200, body: plain } });
    act(() => HubSocket.last.drop(4106));

    await waitFor(() => expect(location.pathname).toBe("/my-data"));
    expect(seen[0]).toMatchObject({ method: "GET", path: "/api/me" });
    expect(screen.queryByRole("link", { name: "Live" })).toBeNull();
  });

  it("stops when the hub says so, and tries again only when asked", async () => {
    await opened(teams("Payments"), snapshot(ann("VS Code")));
    act(() => HubSocket.last.drop(4301));
    await userEvent.click(await screen.findByRole("button", { name: "Connect again" }));

    expect(HubSocket.all).toHaveLength(2);
  });

  it("tells someone who may see nobody so", async () => {
    await opened(teams());

    expect(await screen.findByText("You see nobody's activity")).toBeVisible();
  });

  it("leads from an empty team to enrolment", async () => {
    answering({
      "GET /api/me": { status: 200, body: { ...ME, device: false } },
      "GET /api/devices": { status: 200, body: [] },
      "POST /api/devices/code": { status: 503 },
    });
    await opened(teams("Payments"), snapshot());
    await userEvent.click(await screen.findByRole("link", { name: "Enrol the first device" }));

    expect(await screen.findByRole("dialog", { name: "Enrol a device" })).toBeVisible();
  });

  it("says that a demonstration is simulated, and axe finds nothing", async () => {
    await openedAt("/?view=table", teams("Payments", "Cards"), snapshot(ann("VS Code"), bob), {
      ...snapshot(),
      team: 2,
    } as ToViewer);
    const table = within(await screen.findByRole("table", { name: "People" }));

    expect(screen.getByText("Simulated")).toBeVisible();
    expect(table.getAllByRole("row")).toHaveLength(4);
    expect(await faults()).toEqual([]);
  });
});
