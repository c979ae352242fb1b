import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { speak } from "../i18n/i18n";
import { answering, HubSocket, type Seen, withSockets } from "../testing/hub";
import { faults, ME } from "../testing/render";
import { ago, cell, delta, found, openedAt, say, shown, snapshot, teams, tile, working } from "../testing/wall";
import type { ToViewer } from "../wire.gen";

const idle = (minutes: number) => ({
  facts: { app: "Excel", last_input_at: ago(minutes * 60) },
  since_at: ago(minutes * 60),
});
const WALL: ToViewer[] = [
  teams("Payments", "Cards"),
  snapshot(1, working(1, "Ann", "VS Code"), working(2, "Bob", "Figma"), working(3, "Cleo", "Excel", idle(47))),
  snapshot(2, working(4, "Dora", "Figma"), working(5, "Erik", "Slack", { facts: { locked: true } })),
];
let seen: Seen[];

beforeEach(() => {
  withSockets();
  const hour = `${"a".repeat(42)}${"i".repeat(18)}`;
  const until_at = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
  seen = answering({
    "GET /api/me": { status: 200, body: ME },
    "POST /api/hours": () => ({ status: 201, body: { until_at, hours: { 1: hour, 3: hour } } }),
  });
});

async function wall(path = "/") {
  await openedAt(path, ...WALL);
  await tile(1);
}
const count = (state: string) => found(`[data-count="${state}"]`);
const people = () => found('[data-person="1"]').parentElement?.parentElement ?? document.body;

describe("the wall", () => {
  it("puts who needs attention first, says why, and counts them", async () => {
    await wall();

    expect(shown()).toEqual([3, 4, 5, 1, 2]);
    expect(found('[data-person="3"]')).toHaveTextContent("Idle for 47 min");
    expect(count("attention")).toHaveTextContent("1");
    await userEvent.click(count("attention"));
    expect(shown()).toEqual([3]);
  });

  it("is sorted and grouped by choice, each choice a step back in the browser; typing is none", async () => {
    await wall();
    const before = history.length;
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Sort" }), "Name");
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Group" }), "None");
    await userEvent.type(screen.getByRole("searchbox"), "figma");

    await waitFor(() => expect(shown()).toEqual([2, 4]));
    expect(location.search).toBe("?sort=name&group=none&find=figma");
    expect(history.length).toBe(before + 2);
  });

  it("holds the order under the pointer; who leaves vanishes, who comes is last; and orders anew after it", async () => {
    await wall("/?sort=name");
    fireEvent.pointerEnter(people(), { pointerType: "mouse" });
    fireEvent.pointerOver(people(), { pointerType: "mouse" });
    say(delta(1, 2, [working(2, "Aaron", "Figma"), working(6, "Abby", "Slack")], [3]));

    await waitFor(() => expect(shown()).toEqual([4, 5, 1, 2, 6]));
    expect(screen.getByText("Order held")).toHaveAttribute("data-held");
    fireEvent.pointerOut(people(), { pointerType: "mouse" });
    fireEvent.pointerLeave(people(), { pointerType: "mouse" });
    await waitFor(() => expect(shown()).toEqual([4, 5, 2, 6, 1]));
  });

  it("stands still while paused, acks all the same, and catches up", async () => {
    await wall();
    await userEvent.keyboard("p");
    expect(found("[data-live]")).toHaveTextContent("Paused");
    say(delta(1, 2, [working(1, "Ann", "Slack")]));
    await waitFor(
      () => {
        say({ t: "beat", now: new Date().toISOString() });
        expect(HubSocket.last.sent).toContainEqual({ t: "ack", team: 1, rev: 2, part: 0 });
      },
      { timeout: 5_000 },
    );

    expect(cell(await tile(1), "app")).toBe("VS Code");
    await userEvent.keyboard("p");
    await waitFor(async () => expect(cell(await tile(1), "app")).toBe("Slack"));
  });

  it("fills the screen as a kiosk without tools, and Escape leaves", async () => {
    await wall();
    await userEvent.keyboard("k");
    expect(location.search).toBe("?kiosk=1");
    expect(screen.queryByRole("searchbox")).toBeNull();

    await userEvent.keyboard("{Escape}");
    expect(location.search).toBe("");
    expect(screen.getByRole("searchbox")).toBeVisible();
  });

  it("is walked by arrow keys from one tile to the next, and Enter opens whom they reach", async () => {
    await wall("/?sort=name&group=none");
    act(() => found('[data-person="1"]').focus());
    await userEvent.keyboard("{ArrowRight}");
    expect(document.activeElement).toBe(found('[data-person="2"]'));
    expect(document.querySelectorAll('[data-person][tabindex="0"]')).toHaveLength(1);
    await userEvent.keyboard("{End}{Enter}");

    expect(location.search).toBe("?sort=name&group=none&person=5");
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(location.search).toBe("?sort=name&group=none"));
    expect(document.activeElement).toBe(found('[data-person="5"]'));
  });

  it("draws the last hour of those who are shown, says it in words, and does without where there is none", async () => {
    await wall();

    await waitFor(
      () => expect(found('[data-person="1"]')).toHaveAccessibleName(/Last hour: 42 min active, 18 min idle/),
      {
        timeout: 3000,
      },
    );
    expect(found('[data-person="2"]')).not.toHaveAccessibleName(/Last hour/);
    const asked = seen.filter(({ path }) => path === "/api/hours");
    expect(asked).toHaveLength(1);
    expect(asked[0]?.body).toEqual({ people: [3, 4, 5, 1, 2] });
  });

  it("asks first for those who were on the screen before a reload", async () => {
    sessionStorage.setItem("daylight-viewport", "[4,5]");
    await wall();

    expect(HubSocket.last.sent[0]).toEqual({ t: "subscribe", viewport: [4, 5] });
    dispatchEvent(new Event("pagehide"));
    expect(JSON.parse(sessionStorage.getItem("daylight-viewport") ?? "")).toEqual([3, 4, 5, 1, 2]);
  });

  it.each(["cards", "rows", "table"])("as %s has nothing that axe finds", async (view) => {
    await wall(`/?view=${view}`);

    expect(await faults()).toEqual([]);
  });

  it("runs from right to left, arrow keys too", async () => {
    await speak("ar");
    await wall("/?sort=name&group=none");
    act(() => found('[data-person="1"]').focus());
    await userEvent.keyboard("{ArrowLeft}");

    expect(document.activeElement).toBe(found('[data-person="2"]'));
    expect(await faults()).toEqual([]);
  });
});
