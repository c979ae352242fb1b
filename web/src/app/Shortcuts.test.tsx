import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { speak } from "../i18n/i18n";
import { answering, withSockets } from "../testing/hub";
import { faults, ME, open } from "../testing/render";
import { openedAt, snapshot, teams, tile, working } from "../testing/wall";

beforeEach(() => {
  withSockets();
  answering({ "GET /api/me": { status: 200, body: ME }, "GET /api/devices": { status: 200, body: [] } });
});

async function sheet(name = "Keyboard shortcuts") {
  await userEvent.keyboard("?");
  return within(await screen.findByRole("dialog", { name }));
}

/** What a group lists, as `what it does: keys`. */
function listed(within_: ReturnType<typeof within>, group: string): string[] {
  const lines = within(within_.getByRole("region", { name: group })).getAllByRole("term");
  return lines.map((line) => `${line.textContent}: ${line.nextElementSibling?.textContent}`);
}

describe("the sheet of shortcuts", () => {
  it("lists the keys that are heard among people, beside those of the page and of what floats", async () => {
    await openedAt("/", teams("Payments"), snapshot(1, working(7, "Ann", "VS Code")));
    await tile(7);
    const shown = await sheet();

    expect(listed(shown, "Among people")).toEqual([
      "To whoever is beside, above or below: ←↑↓→",
      "To the first, to the last: HomeEnd",
      "Open the person: Enter",
      "Cards and rows: only who is in the same app; again for all: A",
      "Wall: to a name: A–Z",
      "Close the person, leave the kiosk, empty the filter: Esc",
    ]);
    expect(listed(shown, "On this page")).toContain("Kiosk: K");
    expect(listed(shown, "Actions")).toContain("Search or go to: Ctrl K");
    expect(listed(shown, "In menus and dialogs")).toHaveLength(3);
    expect(await faults()).toEqual([]);
  });

  it("lists none of the wall's on another page", async () => {
    open("/devices");
    await screen.findByText("You have no devices yet");
    const shown = await sheet();

    expect(shown.queryByRole("region", { name: "Among people" })).toBeNull();
  });

  it("says all of it in the page's language", async () => {
    await speak("ar");
    await openedAt("/", teams("Payments"), snapshot(1, working(7, "Ann", "VS Code")));
    await tile(7);
    await sheet("اختصارات لوحة المفاتيح");
    const terms = screen.getAllByRole("term").map((term) => term.textContent ?? "");

    expect(terms.length).toBeGreaterThan(12);
    expect(terms.filter((term) => /[a-z]/i.test(term))).toEqual([]);
  });
});
