// @vitest-environment node
import { beforeEach, describe, expect, it, vi } from "vitest";
import { HubSocket, withSockets } from "../testing/hub";
import { dutyOf } from "./closing";
import { backoffMs, dropAhead, openAhead, openLive } from "./socket";

const BEAT = { t: "beat", now: "2026-03-02T10:00:00Z" } as const;

function start() {
  const events = { connecting: vi.fn(), open: vi.fn(), frame: vi.fn(), closed: vi.fn() };
  const socket = openLive("ws://hub/live", events, () => 0.5);
  return { events, socket };
}

describe("the live socket", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    withSockets();
    return () => vi.useRealTimers();
  });

  it("comes back after a lost connection, later each time", () => {
    const { events } = start();
    HubSocket.last.drop(1006);
    vi.advanceTimersByTime(349);
    expect(HubSocket.all).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(HubSocket.all).toHaveLength(2);
    HubSocket.last.drop(4100);
    vi.advanceTimersByTime(599);
    expect(HubSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(1);

    expect(HubSocket.all).toHaveLength(3);
    expect(events.closed).toHaveBeenCalledWith("retry", false, 4100);
  });

  it("waits longer and longer for a hub that accepts and closes, and begins anew after a link that held", () => {
    start();
    const pauses = [0, 1, 2, 3].map((_, i) => {
      HubSocket.last.accept();
      HubSocket.last.say(BEAT);
      for (let s = 0; i === 3 && s < 6; s++) {
        vi.advanceTimersByTime(1_000);
        HubSocket.last.say(BEAT);
      }
      HubSocket.last.drop(4100);
      const count = HubSocket.all.length;
      let pause = 0;
      while (HubSocket.all.length === count) {
        vi.advanceTimersByTime(50);
        pause += 50;
      }
      return pause;
    });

    expect(pauses).toEqual([350, 600, 1_100, 350]);
  });

  it("takes over what was opened ahead, with what that has heard", async () => {
    openAhead("ws://hub/live", { t: "subscribe" });
    HubSocket.last.accept();
    const cameAt = Date.now();
    HubSocket.last.say(BEAT);
    vi.advanceTimersByTime(2_000);
    const { events } = start();
    expect(events.open).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(events.frame).toHaveBeenCalledExactlyOnceWith(BEAT, cameAt);
    HubSocket.last.say(BEAT);

    expect(HubSocket.all).toHaveLength(1);
    expect(HubSocket.last.sent).toEqual([{ t: "subscribe" }]);
    expect(events.open).toHaveBeenCalledExactlyOnceWith(true);
    expect(events.frame).toHaveBeenCalledTimes(2);
  });

  it("gives up what was opened ahead as soon as any other that is silent", async () => {
    openAhead("ws://hub/live", { t: "subscribe" });
    HubSocket.last.accept();
    HubSocket.last.say(BEAT);
    vi.advanceTimersByTime(2_000);
    const { events } = start();
    await Promise.resolve();
    vi.advanceTimersByTime(1_000);

    expect(events.closed).toHaveBeenCalledWith("retry", true, 1006);
  });

  it("takes over what was opened ahead before the hub has answered", () => {
    openAhead("ws://hub/live", { t: "subscribe" });
    const { events } = start();
    HubSocket.last.accept();

    expect(HubSocket.all).toHaveLength(1);
    expect(events.open).toHaveBeenCalledExactlyOnceWith(false);
  });

  it("opens another where the one ahead was refused, or left alone for five seconds", () => {
    openAhead("ws://hub/live", { t: "subscribe" });
    HubSocket.last.drop(4401);
    start();
    expect(HubSocket.all).toHaveLength(2);

    openAhead("ws://hub/live", { t: "subscribe" });
    const left = HubSocket.last;
    vi.advanceTimersByTime(5_000);
    expect(left.readyState).toBe(3);
    const { events } = start();
    HubSocket.last.accept();
    expect(events.open).toHaveBeenCalledExactlyOnceWith(false);
  });

  it("lets go of the one ahead when whoever opened it signs out", () => {
    openAhead("ws://hub/live", { t: "subscribe" });
    HubSocket.last.accept();
    const theirs = HubSocket.last;
    dropAhead();
    start();

    expect(theirs.readyState).toBe(3);
    expect(HubSocket.all).toHaveLength(2);
  });

  it("gives up a link that is silent for three seconds, though it never closed", () => {
    const { events } = start();
    const first = HubSocket.last;
    first.accept();
    first.say(BEAT);
    vi.advanceTimersByTime(2_999);
    expect(events.closed).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    first.say(BEAT);

    expect(events.closed).toHaveBeenCalledWith("retry", true, 1006);
    expect(events.frame).toHaveBeenCalledTimes(1);
  });

  it.each([
    [4203, "renew"],
    [4301, "stop"],
  ])("does not come back by itself after %i", (code, duty) => {
    const { events } = start();
    HubSocket.last.accept();
    HubSocket.last.drop(code);
    vi.advanceTimersByTime(600_000);

    expect(events.closed).toHaveBeenCalledWith(duty, true, code);
    expect(HubSocket.all).toHaveLength(1);
  });

  it("is quiet once closed", () => {
    const { events, socket } = start();
    HubSocket.last.accept();
    socket.close();
    vi.advanceTimersByTime(600_000);
    socket.hurry();

    expect(HubSocket.all).toHaveLength(1);
    expect(events.closed).not.toHaveBeenCalled();
  });
});

it("spreads retries between a tenth of a second and ten", () => {
  expect(backoffMs(0, () => 0)).toBe(100);
  expect(backoffMs(30, () => 1)).toBe(10_100);
});

it("knows only the groups of close codes", () => {
  expect([1006, 1009, 1012, 4100, 4199, 4200, 4299, 4300, 4399, 4400].map(dutyOf)).toEqual(
    "retry retry retry retry retry renew renew stop stop retry".split(" "),
  );
});
