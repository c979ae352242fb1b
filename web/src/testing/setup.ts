import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";
import { language, speak } from "../i18n/i18n";

/** How long `findBy` and `waitFor` look, at most: a busy machine draws late. */
configure({ asyncUtilTimeout: 20_000 });

// Tests of pure functions run in Node without a page.
if (typeof window !== "undefined") {
  // What jsdom lacks.
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  const never = {
    matches: false,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
  };
  window.matchMedia ??= (media) => ({ ...never, media }) as unknown as MediaQueryList;
  window.scrollTo = () => {};

  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
    // biome-ignore lint/suspicious/noDocumentCookie: jsdom has no Cookie Store
    document.cookie = "csrftoken=token-1";
    history.replaceState(null, "", "/");
  });
  afterEach(async () => {
    cleanup();
    // Not only before the next test: the next file's imports come before that.
    vi.unstubAllGlobals();
    if (language() !== "en") {
      await speak("en");
    }
  });
}
