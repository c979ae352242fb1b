import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { type Answer, answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME } from "../testing/render";
import { openedAt, snapshot, teams, tile, working } from "../testing/wall";
import type { SavedView } from "./saved";

let kept: SavedView[];
let seen: Seen[];
const body = () => seen.at(-1)?.body as { name: string; query: string };

beforeEach(() => {
  withSockets();
  kept = [{ id: 5, name: "Who is idle", query: "state=idle&view=rows" }];
  const keep = (): Answer => {
    if (kept.some(({ name }) => name === body().name)) {
      return { status: 400, body: { title: "You have a view with this name already.", field: "name" } };
    }
    const view = { id: 10 + kept.length, ...body() };
    kept = [...kept, view];
    return { status: 201, body: view };
  };
  seen = answering({
    "GET /api/me": { status: 200, body: ME },
    "GET /api/views": () => ({ status: 200, body: kept }),
    "POST /api/views": keep,
    "PUT /api/views/5": () => {
      kept = kept.map((view) => (view.id === 5 ? { ...view, name: body().name } : view));
      return { status: 200, body: kept[0] };
    },
    "DELETE /api/views/5": () => {
      kept = kept.filter(({ id }) => id !== 5);
      return { status: 204 };
    },
  });
});

async function views(path = "/") {
  await openedAt(path, teams("Payments"), snapshot(1, working(7, "Ann Zieliński", "VS Code")));
  await tile(7);
  await userEvent.click(screen.getByRole("button", { name: "Views" }));
  const dialog = await screen.findByRole("dialog", { name: "Views" });
  await within(dialog).findByRole("button", { name: "Who is idle" });
  return within(dialog);
}

describe("saved views", () => {
  it("open as they were kept", async () => {
    const dialog = await views();
    await userEvent.click(dialog.getByRole("button", { name: "Who is idle" }));

    expect(await screen.findByText("Nobody matches this filter")).toBeVisible();
    expect(location.search).toBe("?state=idle&view=rows");
  });

  it("keep what is shown now under a name, without who is open in it", async () => {
    const dialog = await views("/?view=table&sort=name&team=1&person=7");
    await userEvent.type(dialog.getByRole("textbox", { name: "Save this view as" }), "Payments by name");
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));

    expect(await dialog.findByRole("button", { name: "Payments by name" })).toHaveAttribute("aria-current", "true");
    expect(kept.at(-1)?.query).toBe("sort=name&team=1&view=table");
    expect(await faults()).toEqual([]);
  });

  it("say when a name is taken, and keep what was typed", async () => {
    const dialog = await views();
    await userEvent.type(dialog.getByRole("textbox", { name: "Save this view as" }), "Who is idle{Enter}");

    expect(await dialog.findByText("You have a view with this name already.")).toBeVisible();
    expect(dialog.getByRole("textbox", { name: "Save this view as" })).toHaveValue("Who is idle");
  });

  it("are named anew; Escape leaves the name as it was", async () => {
    const dialog = await views();
    await userEvent.click(dialog.getByRole("button", { name: "Rename Who is idle" }));
    await userEvent.type(dialog.getByRole("textbox", { name: "Name" }), " now{Escape}");
    await userEvent.click(dialog.getByRole("button", { name: "Rename Who is idle" }));
    await userEvent.type(dialog.getByRole("textbox", { name: "Name" }), " again{Enter}");

    expect(await dialog.findByRole("button", { name: "Who is idle again" })).toBeVisible();
  });

  it("come back after they were deleted", async () => {
    const dialog = await views();
    await userEvent.click(dialog.getByRole("button", { name: "Delete Who is idle" }));
    await waitFor(() => expect(dialog.queryByRole("button", { name: "Who is idle" })).toBeNull());
    await userEvent.click(dialog.getByRole("button", { name: "Undo" }));

    expect(await dialog.findByRole("button", { name: "Who is idle" })).toBeVisible();
    expect(kept.map(({ name, query }) => [name, query])).toEqual([["Who is idle", "state=idle&view=rows"]]);
  });
});
