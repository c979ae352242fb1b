import { renderHook, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useAwake } from "./useAwake";

/** A screen that answers when the test says so. */
class Lock {
  released = false;
  async release() {
    this.released = true;
  }
}
let asked: { answer: (lock: Lock) => void; refuse: () => void }[];
let hidden: boolean;

function seen(now: boolean) {
  hidden = !now;
  document.dispatchEvent(new Event("visibilitychange"));
}
const settled = () => new Promise((done) => setTimeout(done));

beforeEach(() => {
  asked = [];
  hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  const request = () =>
    new Promise((resolve, reject) => asked.push({ answer: resolve, refuse: () => reject(new DOMException("no")) }));
  vi.stubGlobal("navigator", Object.assign(Object.create(navigator), { wakeLock: { request } }));
});

describe("a screen that is kept awake", () => {
  it("is let go of when it is left, also by an answer that comes only then", async () => {
    const { rerender } = renderHook(({ on }) => useAwake(on), { initialProps: { on: true } });
    const late = new Lock();
    rerender({ on: false });
    asked[0]?.answer(late);
    await waitFor(() => expect(late.released).toBe(true));
    rerender({ on: true });
    const lock = new Lock();
    asked[1]?.answer(lock);
    await settled();
    expect(lock.released).toBe(false);
    rerender({ on: false });

    expect(lock.released).toBe(true);
  });

  it("is let go of when the answer finds the page hidden, and asked for again when it is seen", async () => {
    renderHook(() => useAwake(true));
    const late = new Lock();
    seen(false);
    asked[0]?.answer(late);
    await waitFor(() => expect(late.released).toBe(true));
    expect(asked).toHaveLength(1);
    seen(true);
    const lock = new Lock();
    asked[1]?.answer(lock);
    await settled();
    lock.released = true; // as browsers do when a page is hidden
    seen(false);
    seen(true);

    expect(asked).toHaveLength(3);
  });

  it("is asked for once more when the page was hidden and seen while the answer was on its way, and only then", async () => {
    renderHook(() => useAwake(true));
    seen(false);
    seen(true);
    expect(asked).toHaveLength(1);
    asked[0]?.refuse();
    await waitFor(() => expect(asked).toHaveLength(2));
    asked[1]?.refuse();
    await settled();

    expect(asked).toHaveLength(2);
  });

  it("is not asked for twice at once, nor while it is awake", async () => {
    renderHook(() => useAwake(true));
    asked[0]?.answer(new Lock());
    await settled();
    seen(true);
    await settled();

    expect(asked).toHaveLength(1);
  });
});
