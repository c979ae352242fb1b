import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { answering, type Seen } from "../testing/hub";
import { faults, show } from "../testing/render";
import type { MyRights as Mine, Request } from "./api";
import { MyRights } from "./MyRights";

const request = (changes: Partial<Request> = {}): Request => ({
  id: 7,
  kind: "erase",
  wrong: "",
  wanted: "I leave",
  first_on: null,
  last_on: null,
  asked_at: "2026-03-02T10:00:00Z",
  due_on: "2026-04-02",
  extended_reason: "",
  state: "open",
  answer: "",
  decided_at: null,
  ...changes,
});
let mine: Mine;
let seen: Seen[];

beforeEach(() => {
  sessionStorage.clear();
  mine = { requests: [], restricted_at: null, held: null };
  seen = answering({
    "GET /api/me/rights": () => ({ status: 200, body: mine }),
    "POST /api/me/requests": () => {
      mine = { ...mine, requests: [request({ kind: "correct", wrong: "No break", wanted: "A call" })] };
      return { status: 201, body: mine };
    },
    "DELETE /api/me/requests/7": () => {
      mine = { ...mine, requests: [request({ state: "withdrawn" })] };
      return { status: 200, body: mine };
    },
  });
});

/** The button, once it is known what was asked for already. */
async function ready(name: string) {
  const button = await screen.findByRole("button", { name });
  await waitFor(() => expect(button).toBeEnabled());
  return button;
}

describe("my rights", () => {
  it("let me ask for a correction, and keep what I typed until it is sent", async () => {
    show(<MyRights me={1} />);
    await userEvent.click(await ready("Correct something"));
    await userEvent.type(screen.getByRole("textbox", { name: "What is wrong" }), "No break");
    expect(screen.getByRole("button", { name: "Ask" })).toBeDisabled();
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await userEvent.click(screen.getByRole("button", { name: "Correct something" }));
    expect(screen.getByRole("textbox", { name: "What is wrong" })).toHaveValue("No break");
    await userEvent.type(screen.getByRole("textbox", { name: "What is right" }), "A call");
    await userEvent.click(screen.getByRole("button", { name: "Ask" }));

    const line = within(await screen.findByRole("list", { name: "Your requests" })).getByRole("listitem");
    expect(line).toHaveTextContent("Correct something open");
    expect(line).toHaveTextContent("Asked on 2 Mar 2026 · to be answered by 2 Apr 2026");
    expect(seen.find(({ method }) => method === "POST")?.body).toEqual({
      kind: "correct",
      wrong: "No break",
      wanted: "A call",
    });
    expect(screen.getByRole("button", { name: "Correct something" })).toBeDisabled();
    expect(await faults()).toEqual([]);
  });

  it("let me name the days that are to be erased", async () => {
    show(<MyRights me={1} />);
    await userEvent.click(await ready("Erase"));
    await userEvent.click(screen.getByRole("button", { name: "Certain days" }));
    await userEvent.type(screen.getByLabelText("First day"), "2026-03-04");
    await userEvent.type(screen.getByLabelText("Last day"), "2026-03-03");
    expect(screen.getByRole("button", { name: "Ask" })).toBeDisabled();
    await userEvent.clear(screen.getByLabelText("Last day"));
    await userEvent.type(screen.getByLabelText("Last day"), "2026-03-05");
    await userEvent.click(screen.getByRole("button", { name: "Ask" }));

    await waitFor(() =>
      expect(seen.find(({ method }) => method === "POST")?.body).toEqual({
        kind: "erase",
        wrong: "",
        wanted: "",
        first_on: "2026-03-04",
        last_on: "2026-03-05",
      }),
    );
  });

  it("are taken back", async () => {
    mine.requests = [request()];
    show(<MyRights me={1} />);
    await userEvent.click(await screen.findByRole("button", { name: "Take back: Erase everything" }));

    expect(await screen.findByText("taken back")).toBeVisible();
    expect(screen.getByRole("button", { name: "Erase" })).toBeEnabled();
  });

  it("say what was answered, and what holds now", async () => {
    mine = {
      requests: [request({ state: "declined", answer: "A trial goes on", decided_at: "2026-03-03T10:00:00Z" })],
      restricted_at: "2026-03-01T10:00:00Z",
      held: { person: 1, name: "Alice", since_at: "2026-02-27T10:00:00Z", reason: "A trial" },
    };
    show(<MyRights me={1} />);

    expect(await screen.findByText("A trial goes on")).toBeVisible();
    expect(screen.getByText("Since 1 Mar 2026 what you do is shown to nobody but you.")).toBeVisible();
    expect(screen.getByText(/because of a legal hold:/)).toBeVisible();
  });
});
