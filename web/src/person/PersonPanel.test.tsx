import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { speak } from "../i18n/i18n";
import { dayOf, NOW_MS, was } from "../testing/day";
import { answering } from "../testing/hub";
import { faults, show } from "../testing/render";
import { PersonPanel } from "./PersonPanel";

const PATH = "GET /api/people/7/now";
const closed = vi.fn();

async function opened(body = dayOf()) {
  const seen = answering({ [PATH]: { status: 200, body } });
  const panel = show(<PersonPanel person={7} onClose={closed} />);
  await screen.findByRole("heading", { name: body.person.name });
  return { seen, ...panel };
}
const pieces = () => screen.getAllByRole("option").map((piece) => piece.getAttribute("aria-label"));
const minute = () => act(() => vi.advanceTimersByTimeAsync(60_000));

beforeEach(() => {
  closed.mockReset();
  vi.useFakeTimers({ now: NOW_MS, shouldAdvanceTime: true });
});
afterEach(async () => {
  await speak("en");
  vi.useRealTimers();
});

describe("the panel of a person", () => {
  it("has its shape before it has its data", async () => {
    answering({ [PATH]: { status: 200, body: dayOf() } });
    show(<PersonPanel person={7} onClose={closed} />);

    expect(screen.getByRole("status", { name: "Loading the day so far" })).toBeVisible();
    await screen.findByText("Ben Rao");
    expect(screen.queryByRole("status")).toBeNull();
  });

  it("leaves the focus with whoever writes when it comes late", async () => {
    answering({ [PATH]: { status: 200, body: dayOf() } });
    const { shown } = show(<input key="box" />);
    act(() => screen.getByRole("textbox").focus());
    shown([<input key="box" />, <PersonPanel key="panel" person={7} onClose={closed} />]);
    await screen.findByRole("heading", { name: "Ben Rao" });

    expect(screen.getByRole("textbox")).toHaveFocus();
  });

  it("says once, and before the data, that this look is recorded", async () => {
    await opened();
    const ledger = screen.getByText(/recorded in the access ledger/);

    expect(ledger).toHaveTextContent("Ben Rao can see who looked, and when. Recorded at 14:31.");
    expect(ledger.compareDocumentPosition(screen.getByText("4 h 51"))).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  });

  it("holds the day against what is expected by now and in all", async () => {
    await opened();

    // 9:00 to 17:00 in Kolkata ended at 12:30 in Warsaw.
    expect(screen.getByText("4 h 51").parentElement).toHaveTextContent("of 8 h 00");
    expect(screen.getByText("Passive", { selector: "dt *" }).closest("div")).toHaveTextContent("0 h 46");
    expect(screen.getByText("Idle", { selector: "dt *" }).closest("div")).toHaveTextContent("0 h 15");
    expect(screen.queryByText("Locked", { selector: "dt *" })).toBeNull();
  });

  it("lists the last hour with the reason of each stretch, latest first, and says what its gaps are", async () => {
    await opened();
    const whys = within(screen.getByRole("list", { name: "Why it counts as it does" }));

    expect(whys.getAllByRole("listitem").map((line) => line.textContent)).toEqual([
      "14:31:00nothing stored yet: input is sent once a minute, what lasts every quarter of an hour",
      "14:24Idleno input since 14:12",
      "14:12Passivea call runs in Meet",
      "14:06no device connected",
      "13:57Lockedscreen locked",
      "13:32Activeinput in VS Code, Slack",
    ]);
  });

  it("tells short stretches and what follows them to the second, so that none seems to begin before the last", async () => {
    await opened(
      dayOf({
        hour: [
          was(-60, -20.7, {}),
          was(-20.7, -20.2, { state: "idle", reason: "silence" }),
          was(-20.2, 0, { state: "passive", reason: "call" }),
        ],
      }),
    );
    const whys = within(screen.getByRole("list", { name: "Why it counts as it does" }));

    expect(whys.getAllByRole("listitem").map((line) => line.textContent)).toEqual([
      "14:11:48Passivea call runs",
      "14:11:18Idleno input since 14:11",
      "13:32Activeinput",
    ]);
  });

  it("says that no device is connected at the end when none is", async () => {
    const [device] = dayOf().devices;
    await opened(dayOf({ hour: [was(-60, -30, {})], devices: device ? [{ ...device, last_seen_at: null }] : [] }));

    expect(pieces()).toEqual(["13:32 to 14:02: Active, input", "14:02 to 14:32: no device connected"]);
  });

  it("tells of the pieces of the hour by arrow keys, one stop in the order of tabs", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    await opened();
    const strip = screen.getByRole("listbox", { name: "Last hour, piece by piece" });
    expect(screen.getByText(/Point at a moment/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Close" }));
    await user.tab();
    expect(document.activeElement).toHaveAccessibleName(/nothing stored yet/);
    expect(within(strip).getAllByRole("option", { selected: true })).toHaveLength(1);
    await user.keyboard("{ArrowLeft}{ArrowLeft}");
    expect(document.activeElement).toHaveAccessibleName("14:12 to 14:24: Passive, a call runs in Meet");
    expect(screen.getByText("14:12 to 14:24: Passive, a call runs in Meet")).toBeVisible();
    await user.keyboard("{Home}{ArrowLeft}");
    expect(document.activeElement).toHaveAccessibleName("13:32 to 13:52: Active, input in VS Code");
    await user.tab();

    expect(strip).not.toContainElement(document.activeElement as HTMLElement);
  });

  it("tells of the moment that is pointed at", async () => {
    await opened();
    const strip = screen.getByRole("listbox");
    vi.spyOn(strip, "getBoundingClientRect").mockReturnValue(new DOMRect(100, 0, 300, 32));
    fireEvent.pointerMove(strip, { clientX: 100 + (300 * 31) / 60 });
    expect(screen.getByText("13:57 to 14:06: Locked, screen locked")).toBeVisible();
    fireEvent.pointerLeave(strip);

    expect(screen.getByText(/Point at a moment/)).toBeVisible();
  });

  it("keeps the focus on the moment it stands on while the hour moves on", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    const moved = dayOf({ hour: dayOf().hour.slice(2) });
    let body = dayOf();
    answering({ [PATH]: () => ({ status: 200, body }) });
    show(<PersonPanel person={7} onClose={closed} />);
    await screen.findByRole("listbox");
    act(() => screen.getAllByRole("option").at(-1)?.focus());
    await user.keyboard("{ArrowLeft}{ArrowLeft}");
    body = moved;
    await minute();

    await waitFor(() => expect(pieces()).toHaveLength(6));
    expect(document.activeElement).toHaveAccessibleName("14:12 to 14:24: Passive, a call runs in Meet");
  });

  it("says which apps the day went into, and how much else there was", async () => {
    await opened();
    const apps = within(screen.getByRole("list", { name: "Apps and sites today" }));

    expect(apps.getAllByRole("listitem").map((line) => line.textContent)).toEqual([
      "VS Code2 h 02",
      "Meet0 h 46",
      "Other apps0 h 12",
    ]);
  });

  it("says what is collected and what is not, from which devices, and whose time the times are", async () => {
    await opened();

    expect(screen.getByRole("list", { name: "Collected" })).toHaveTextContent("The app in front");
    expect(screen.getByRole("list", { name: "Not collected" })).toHaveTextContent("Window titles");
    expect(screen.getByText(/Policy 3: idle after 5 min/)).toBeVisible();
    expect(screen.getByRole("list", { name: "Devices" })).toHaveTextContent(
      "ben-laptopSimulatedLinux · agent 0.1.0seen just now",
    );
    expect(screen.getByText(/Times are yours, Europe\/Warsaw. Ben Rao is in Asia\/Kolkata/)).toBeVisible();
    expect(screen.getByText("14:12", { selector: "time" })).toHaveAttribute("title", "18:42 in Asia/Kolkata");
  });

  it("shows what the wall tells of the moment, and marks it when it is stale", async () => {
    const live = { state: "passive" as const, sinceMs: NOW_MS - 26 * 60_000, what: "Meet", detail: "", ageMs: 400 };
    const { shown } = await opened();
    shown(<PersonPanel person={7} onClose={closed} live={{ ...live, stale: false }} />);
    expect(screen.getByText("data 0 s old").parentElement).toHaveTextContent("Passive26 minMeetdata 0 s old");
    shown(<PersonPanel person={7} onClose={closed} live={{ ...live, ageMs: 240_000, stale: true }} />);

    expect(screen.getByText("data 4 min old").parentElement).toHaveTextContent("StaleMeetdata 4 min old");
  });

  it("says when only a part of the day is the viewer's to see, and holds that against nothing", async () => {
    await opened(dayOf({ from_at: "2026-03-03T12:50:00Z", hour: [was(-42, -1, {})] }));

    expect(screen.getByText(/since 13:50. Only the time since then, in your teams, is shown./)).toBeVisible();
    expect(screen.queryByText(/of 8 h 00/)).toBeNull();
    expect(pieces()[0]).toBe("13:32 to 13:50: not shown: before the time in your teams");
  });

  it("says of somebody who left the viewer's teams today that only the time before is shown", async () => {
    await opened(dayOf({ person: { ...dayOf().person, team: null }, devices: [], hour: [was(-60, -30, {})] }));

    expect(screen.getByText(/The person is no longer in them/)).toBeVisible();
    expect(screen.queryByText(/of 8 h 00/)).toBeNull();
    expect(pieces().at(-1)).toBe("14:02 to 14:32: not shown: no longer in your teams");
    expect(screen.queryByText("No device is enrolled.")).toBeNull();
  });

  it("says to oneself that nobody sees it", async () => {
    await opened(dayOf({ own: true, looked_at: null }));

    expect(screen.getByText("This is you: nobody else sees that you looked.")).toBeVisible();
    expect(screen.queryByText(/access ledger/)).toBeNull();
  });

  it("tells the same on a computer whose clock is wrong", async () => {
    vi.setSystemTime(NOW_MS + 90 * 60_000);
    await opened();

    expect(pieces()[0]).toBe("13:32 to 13:52: Active, input in VS Code");
    expect(pieces().at(-1)).toMatch(/nothing stored yet/);
    expect(screen.getByText("seen just now")).toBeVisible();
  });

  it("is renewed each minute as one look, and opened on somebody else is another", async () => {
    const seen = answering({ [PATH]: { status: 200, body: dayOf() }, "GET /api/people/8/now": { status: 404 } });
    const { shown } = show(<PersonPanel person={7} onClose={closed} />);
    await screen.findByText("4 h 51");
    await minute();
    await waitFor(() => expect(seen).toHaveLength(2));
    shown(<PersonPanel person={8} onClose={closed} />);
    await waitFor(() => expect(seen).toHaveLength(3));
    const sittings = seen.map(({ path }) => new URL(path, location.href).searchParams.get("sitting"));

    expect(sittings[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(sittings[1]).toBe(sittings[0]);
    expect(sittings[2]).not.toBe(sittings[0]);
  });

  it("asks why first where policy wants to know, and reads the day with the reason", async () => {
    const seen = answering({
      [PATH]: () =>
        seen.at(-1)?.headers["daylight-reason"]
          ? { status: 200, body: dayOf() }
          : { status: 400, body: { title: "Say why.", field: "reason", code: "look_reason", request_id: "r-1" } },
    });
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    show(<PersonPanel person={7} onClose={closed} />);
    const box = await screen.findByRole("textbox", { name: "Reason" });
    await user.click(screen.getByRole("button", { name: "Open the details" }));
    expect(screen.getByRole("alert")).toHaveTextContent("Say why.");
    expect(seen).toHaveLength(1);
    expect(await faults()).toEqual([]);
    await user.type(box, " He asked & I look ");
    await user.click(screen.getByRole("button", { name: "Open the details" }));

    expect(await screen.findByText("4 h 51")).toBeVisible();
    expect(decodeURIComponent(seen.at(-1)?.headers["daylight-reason"] ?? "")).toBe("He asked & I look");
    expect(seen.at(-1)?.path).not.toContain("asked");
  });

  it("keeps the last picture when a newer one can't be had, and says how old it is", async () => {
    const answers = [{ status: 200, body: dayOf() as unknown }];
    answering({
      [PATH]: () => answers.shift() ?? { status: 503, body: { title: "The database is away.", request_id: "r-17" } },
    });
    show(<PersonPanel person={7} onClose={closed} />);
    await screen.findByText("4 h 51");
    await minute();
    const note = await screen.findByRole("alert");

    expect(note).toHaveTextContent("The database is away.Shown is what was known at 14:32, 1 min ago.Request r-17");
    expect(screen.getByText("4 h 51")).toBeVisible();
    answers.push({ status: 200, body: dayOf() });
    await userEvent
      .setup({ advanceTimers: vi.advanceTimersByTime })
      .click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });

  it("forgets the picture of somebody who is no longer the viewer's to see", async () => {
    const answers = [{ status: 200, body: dayOf() as unknown }];
    const asked = answering({ [PATH]: () => answers.shift() ?? { status: 404, body: { title: "Not found" } } });
    show(<PersonPanel person={7} onClose={closed} />);
    await screen.findByText("4 h 51");
    await minute();

    expect(await screen.findByText("This person is not yours to see")).toBeVisible();
    const refused = asked.length;
    await minute();
    expect(asked).toHaveLength(refused);
    expect(screen.queryByText("4 h 51")).toBeNull();
    expect(screen.queryByText("Ben Rao")).toBeNull();
    expect(await faults()).toEqual([]);
  });

  it("says why it could not be read at all", async () => {
    answering({ [PATH]: { status: 503, body: { title: "The look could not be recorded.", request_id: "r-18" } } });
    show(<PersonPanel person={7} onClose={closed} />);

    expect(await screen.findByRole("alert")).toHaveTextContent("The look could not be recorded.Request r-18");
    expect(screen.queryByRole("status")).toBeNull();
  });

  it("takes the focus, is closed by Escape and by its button, and gives the focus back", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    answering({ [PATH]: { status: 200, body: dayOf() } });
    const { shown } = show(<button type="button">A tile</button>);
    act(() => screen.getByRole("button", { name: "A tile" }).focus());
    const both = (open: boolean) => (
      <>
        <button type="button">A tile</button>
        {open && <PersonPanel person={7} onClose={closed} />}
      </>
    );
    shown(both(false));
    act(() => screen.getByRole("button", { name: "A tile" }).focus());
    shown(both(true));
    expect(document.activeElement).toBe(await screen.findByRole("heading", { name: "Ben Rao" }));
    await user.keyboard("{Escape}");
    await user.click(screen.getByRole("button", { name: "Close" }));
    expect(closed).toHaveBeenCalledTimes(2);
    shown(both(false));

    expect(screen.getByRole("button", { name: "A tile" })).toHaveFocus();
  });

  it("is a page of its own where there is no room for both", async () => {
    const wide = matchMedia("none");
    const narrow = (media: string) => ({ ...wide, media, matches: media.includes("max-width") });
    vi.stubGlobal("matchMedia", narrow);
    await opened();

    expect(screen.getByRole("dialog", { name: "Ben Rao" })).toBeVisible();
    expect(await faults()).toEqual([]);
  });

  it("goes from right to left: the strip's keys turn round, and axe finds nothing in either direction", async () => {
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    await opened();
    expect(await faults()).toEqual([]);
    await act(() => speak("ar"));
    document.documentElement.style.direction = "rtl"; // jsdom knows no direction by the attribute.
    const last = screen.getAllByRole("option").at(-1);
    act(() => last?.focus());
    await user.keyboard("{ArrowRight}");

    expect(document.activeElement).toBe(screen.getAllByRole("option").at(-2));
    expect(screen.getByText("لماذا يُحتسب هكذا")).toBeVisible();
    expect(await faults()).toEqual([]);
    document.documentElement.style.direction = "";
  });
});
