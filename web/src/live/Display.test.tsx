import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, ME } from "../testing/render";
import { saving } from "../testing/saved";
import { found, openedAt, snapshot, teams, tile, working } from "../testing/wall";

beforeEach(() => {
  withSockets();
  answering({ "GET /api/me": { status: 200, body: ME } });
});

async function display(path: string) {
  await openedAt(path, teams("Payments"), snapshot(1, working(7, "Ann", "VS Code"), working(8, "Bob", "Slack")));
  await tile(7);
  await userEvent.click(screen.getByRole("button", { name: "Display" }));
  return within(await screen.findByRole("dialog", { name: "Display" }));
}

describe("what a narrow toolbar has no room for", () => {
  it("is order, groups and density, all of which go into the address", async () => {
    const menu = await display("/");
    await userEvent.selectOptions(menu.getByRole("combobox", { name: "Sort" }), "Name");
    await userEvent.selectOptions(menu.getByRole("combobox", { name: "Group" }), "State");
    await userEvent.click(menu.getByRole("button", { name: "Rows" }));

    expect(location.search).toBe("?sort=name&group=state&view=rows");
    expect(menu.getByRole("button", { name: "Rows" })).toHaveAttribute("aria-pressed", "true");
    expect(await faults()).toEqual([]);
  });

  it("is the table's columns and its file", async () => {
    const saved = saving();
    const menu = await display("/?view=table");
    expect(menu.getByRole("checkbox", { name: "Name" })).toBeDisabled();
    await userEvent.click(menu.getByRole("checkbox", { name: "Team" }));
    await userEvent.click(menu.getByRole("button", { name: "CSV" }));

    expect(screen.queryByRole("columnheader", { name: "Team" })).toBeNull();
    const text = await saved[0]?.file.text();
    expect(text).toContain("Ann");
    expect(text).not.toContain("Payments");
  });

  it("is the kiosk", async () => {
    const menu = await display("/");
    await userEvent.click(menu.getByRole("button", { name: "Kiosk" }));

    await waitFor(() => expect(found("[data-kiosk]")).toBeVisible());
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});
