/** What a browser calls itself (RFC 9110, 10.1.5), in a word each for it and for its system. Most pretend to be others as well: the first that fits wins. */
const BROWSERS: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/(Firefox|FxiOS)\//, "Firefox"],
  [/(Chrome|Chromium|CriOS)\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

export function browserOf(named: string): { browser: string; system: string } {
  const first = (of: [RegExp, string][]) => of.find(([like]) => like.test(named))?.[1] ?? "";
  return { browser: first(BROWSERS), system: first(SYSTEMS) };
}
