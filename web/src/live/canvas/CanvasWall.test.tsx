import { fireEvent, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { faults } from "../../testing/render";
import type { Tile } from "../../wire.gen";
import { arrange, EVERYBODY } from "../arrange";
import { Board } from "../board";
import type { Team } from "../slice";
import { CanvasWall } from "./CanvasWall";

const AT = Date.parse("2026-03-02T10:00:00Z");
const ago = (s: number) => new Date(AT - s * 1000).toISOString();
/** What was asked of all canvases: the name of each call, with numbers as they came. */
let drawn: [call: string, ...given: unknown[]][] = [];

beforeEach(() => {
  drawn = [];
  vi.stubGlobal("Path2D", class {});
  vi.stubGlobal("scrollBy", () => {});
  const recording = new Proxy({} as Record<string, unknown>, {
    get: (kept, name: string) =>
      kept[name] ?? ((...given: unknown[]) => drawn.push([name, ...given.filter((each) => typeof each !== "object")])),
  });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(recording as never);
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 1200, 400));
});

function tile(person: number, name: string, more: Partial<Tile> = {}): Tile {
  return { person, name, link: "live", facts: { app: "VS Code", last_input_at: ago(1) }, at: ago(1), ...more };
}

function team(id: number, name: string, tiles: Tile[], parent: number | null = 1): Team {
  const byPerson = new Map(tiles.map((each) => [each.person, each]));
  const order = tiles.map((each) => each.person);
  return { id, name, parent, epoch: "e", rev: 1, tiles: byPerson, order, arriving: null, fresh: true };
}

const ROOT = team(1, "Halden", [], null);
const ENGINEERING = team(2, "Engineering", [tile(1, "Ann Ames")]);
const MOBILE = team(3, "Mobile", [tile(2, "Ben Bode"), tile(3, "Cem Cole", { facts: { locked: true } })], 2);
const SUPPORT = team(4, "Support", [tile(4, "Dan Dahl", { facts: { last_input_at: ago(3600) } })]);

function wall() {
  const board = new Board();
  const onOpen = vi.fn();
  const shown = (teams: Team[]) => {
    board.update(teams, AT);
    const sections = arrange(board, EVERYBODY, "attention", "team", AT);
    const moment = { judgedAtMs: AT, hubNowMs: AT };
    return (
      <MemoryRouter>
        <main>
          <CanvasWall board={board} sections={sections} moment={moment} onOpen={onOpen} selected={null} stale={false} />
        </main>
      </MemoryRouter>
    );
  };
  const { rerender } = render(shown([ROOT, ENGINEERING, MOBILE, SUPPORT]));
  return { onOpen, again: (teams: Team[]) => rerender(shown(teams)) };
}

const cells = () => drawn.filter(([call]) => call === "drawImage").length;

describe("the canvas wall", () => {
  it("says in words what it shows, leads to the table, and axe finds nothing", async () => {
    wall();

    expect(screen.getByRole("application")).toHaveAccessibleName(
      "Wall: 4 people in 3 teams: 1 needs attention, 2 Active, 1 Idle, 1 Locked",
    );
    expect(screen.getByRole("link", { name: "Show as a table" })).toHaveAttribute("href", "/?view=table");
    expect(await faults()).toEqual([]);
  });

  it("has a shelf for whoever has teams below, and the other teams in a flow", () => {
    wall();

    expect(screen.getByText("Engineering", { selector: "b" }).parentElement).toHaveTextContent(
      "Engineering3 people67% working",
    );
    expect(screen.queryByText("Support", { selector: "b" })).toBeNull();
    expect(screen.getByText("Support")).toBeInTheDocument();
  });

  it("paints everybody once, and then only whose look changed", () => {
    const { again } = wall();
    expect(cells()).toBe(4);
    drawn = [];
    const ben = (facts: NonNullable<Tile["facts"]>) => {
      return { ...MOBILE, tiles: new Map(MOBILE.tiles).set(2, tile(2, "Ben Bode", { facts })) };
    };
    const another = ben({ app: "Slack", last_input_at: ago(1) });
    again([ROOT, ENGINEERING, another, SUPPORT]);
    expect(cells()).toBe(0);
    again([ROOT, ENGINEERING, ben({ on_break: true }), SUPPORT]);

    expect(cells()).toBe(1);
  });

  it("is walked by keys: arrows, letters, Home; says who is reached, and opens them", async () => {
    const { onOpen } = wall();
    const keys = userEvent.setup();
    const said = () => document.querySelector("[aria-live]")?.textContent;
    await keys.tab();
    await keys.tab();
    expect(said()).toBe("Ann Ames, Engineering, Active, VS Code");
    await keys.keyboard("{ArrowRight}");
    expect(said()).toContain("Ben Bode, Mobile");
    await keys.keyboard("dah");
    expect(said()).toBe("Dan Dahl, Support, Idle, 1 h 00, Idle for 1 h 00");
    await keys.keyboard("{Enter}{Home}{Enter}");

    expect(onOpen.mock.calls).toEqual([[4], [1]]);
  });

  it("opens by a click, and under a finger by the second touch: the first shows the card", () => {
    const { onOpen } = wall();
    const surface = screen.getByRole("application");
    const spot = { clientX: 140, clientY: 26, button: 0 };
    fireEvent.pointerUp(surface, { ...spot, pointerType: "touch" });
    expect(onOpen).not.toHaveBeenCalled();
    expect(screen.getByText("VS Code")).toBeInTheDocument();
    fireEvent.pointerUp(surface, { ...spot, pointerType: "touch" });

    expect(onOpen).toHaveBeenCalledWith(1);
  });
});
