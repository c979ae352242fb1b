import { afterEach, describe, expect, it, vi } from "vitest";
import { speak } from "../i18n/i18n";
import { answering } from "../testing/hub";
import { request } from "./request";

const REFUSED = { title: "There is nothing here.", detail: "No such person.", request_id: "r-17", status: 404 };
const INVALID = { title: "Something in this request isn't as it should be.", field: "name", status: 400 };

afterEach(async () => {
  await speak("en");
});

describe("what the hub says of a failure", () => {
  it("is shown as it says it, in English", async () => {
    answering({ "GET /api/people/9/now": { status: 404, body: REFUSED } });

    expect(await request({ path: "/api/people/9/now" })).toEqual({ error: REFUSED });
  });

  it("is said in the page's language where its status says enough, and keeps its number", async () => {
    answering({ "GET /api/people/9/now": { status: 404, body: REFUSED } });
    await speak("ar");

    expect(await request({ path: "/api/people/9/now" })).toEqual({
      error: { status: 404, title: "لا يوجد هنا شيء يحق لك أن تراه.", request_id: "r-17" },
    });
  });

  it("of a field is said in the page's language by its code, and its limit is in it", async () => {
    answering({ "GET /api/me": { status: 400, body: { ...INVALID, code: "name_length", limit: 80 } } });
    await speak("ar");

    expect(await request({ path: "/api/me" })).toEqual({
      error: { status: 400, title: "الاسم من حرف واحد إلى 80 حرفًا.", field: "name", code: "name_length", limit: 80 },
    });
  });

  it.each([
    [{ status: 400, body: INVALID }, "في المُدخل ما ليس كما ينبغي."],
    [{ status: 400, body: { ...INVALID, code: "of a newer hub" } }, "في المُدخل ما ليس كما ينبغي."],
    [{ status: 413, body: { title: "This is more than 1024 KiB.", status: 413 } }, "أجاب الخادم بالرمز 413."],
  ])("is never English on an Arabic page", async (answer, title) => {
    answering({ "GET /api/me": answer });
    await speak("ar");

    expect(await request({ path: "/api/me" })).toMatchObject({ error: { title } });
  });
});

describe("a hub that hangs", () => {
  /** Answers nothing until its signal ends the call, and what ends it comes at once. */
  function hanging() {
    const ended = AbortSignal.abort(new DOMException("", "TimeoutError"));
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(ended);
    vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) => Promise.reject(signal?.reason));
  }

  it("is given up, and what was to be read is asked for again", async () => {
    hanging();

    expect(await request({ path: "/api/me" })).toMatchObject({
      error: {
        status: 0,
        title: "The hub did not answer in time.",
        detail: expect.stringContaining("Nothing was lost"),
      },
    });
    expect(AbortSignal.timeout).toHaveBeenCalledWith(15_000);
  });

  it("may have done what it was told to", async () => {
    hanging();

    expect(await request({ path: "/api/views", method: "POST", body: {} })).toMatchObject({
      error: { detail: expect.stringContaining("It may have been done") },
    });
  });
});
