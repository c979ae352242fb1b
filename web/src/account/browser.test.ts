import { describe, expect, it } from "vitest";
import { browserOf } from "./browser";

describe("a browser's own name", () => {
  it.each([
    [
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      "Chrome Linux",
    ],
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
      "Edge Windows",
    ],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.4 Safari/605.1.15",
      "Safari macOS",
    ],
    ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox Android"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) CriOS/140.0 Mobile/15E148 Safari/604.1", "Chrome iOS"],
    ["curl/8.5.0", " "],
  ])("%s", (named, said) => {
    const { browser, system } = browserOf(named);

    expect(`${browser} ${system}`).toBe(said);
  });
});
