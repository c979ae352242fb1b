import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { type Answer, answering, type Seen, withSockets } from "../testing/hub";
import { faults, ME } from "../testing/render";
import { openedAt, snapshot, teams, tile, working } from "../testing/wall";
import type { SavedView } from "./saved";

let kept: SavedView[];
let seen: Seen[];
/** What the hub answers instead, while it can't. */
let broken: Answer | null;
const FAILED = { status: 500, body: { title: "Something went wrong in the hub.", status: 500, request_id: "r-9" } };
const body = () => seen.at(-1)?.body as { name: string; query: string };

beforeEach(() => {
  withSockets();
  broken = null;
  kept = [{ id: 5, name: "Who is idle", query: "state=idle&view=rows" }];
  const keep = (): Answer => {
    if (broken) {
      return broken;
    }
    if (kept.some(({ name }) => name === body().name)) {
      return { status: 400, body: { title: "You have a view with this name already.", field: "name" } };
    }
    const view = { id: 10 + kept.length, ...body() };
    kept = [...kept, view];
    return { status: 201, body: view };
  };
  seen = answering({
    "GET /api/me": { status: 200, body: ME },
    "GET /api/views": () => broken ?? { status: 200, body: kept },
    "POST /api/views": keep,
    "PUT /api/views/5": () => {
      kept = kept.map((view) => (view.id === 5 ? { ...view, name: body().name } : view));
      return { status: 200, body: kept[0] };
    },
    "DELETE /api/views/5": () => {
      if (broken) {
        return broken;
      }
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

  it("that can't be deleted or brought back say what was kept, and the request's number", async () => {
    const dialog = await views();
    broken = FAILED;
    await userEvent.click(dialog.getByRole("button", { name: "Delete Who is idle" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent(
      "Who is idle was not deleted.Something went wrong in the hub. What is shown stays as it was. Try again.",
    );
    expect(dialog.getByRole("alert")).toHaveTextContent("Request r-9");
    broken = null;
    await userEvent.click(dialog.getByRole("button", { name: "Delete Who is idle" }));
    await waitFor(() => expect(dialog.queryByRole("alert")).toBeNull());
    broken = FAILED;
    await userEvent.click(await dialog.findByRole("button", { name: "Undo" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent("Who is idle could not be brought back.");
    expect(await faults()).toEqual([]);
    broken = null;
    await userEvent.click(dialog.getByRole("button", { name: "Undo" }));

    expect(await dialog.findByRole("button", { name: "Who is idle" })).toBeVisible();
    expect(dialog.queryByRole("alert")).toBeNull();
  });

  it("that can't be saved for another reason than the name say so, and keep what was typed", async () => {
    const dialog = await views();
    broken = FAILED;
    await userEvent.type(dialog.getByRole("textbox", { name: "Save this view as" }), "Late ones{Enter}");

    expect(await dialog.findByRole("alert")).toHaveTextContent("What you typed is kept.");
    expect(dialog.getByRole("alert")).toHaveTextContent("Request r-9");
    expect(dialog.getByRole("textbox", { name: "Save this view as" })).toHaveValue("Late ones");
  });

  it("that can't be read offer another try", async () => {
    broken = FAILED;
    await openedAt("/", teams("Payments"), snapshot(1, working(7, "Ann Zieliński", "VS Code")));
    await tile(7);
    await userEvent.click(screen.getByRole("button", { name: "Views" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Views" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent("Request r-9");
    broken = null;
    await userEvent.click(dialog.getByRole("button", { name: "Try again" }));

    expect(await dialog.findByRole("button", { name: "Who is idle" })).toBeVisible();
  });
});
