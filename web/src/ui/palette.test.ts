// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { TOKENS } from "./palette";

const css = readFileSync("src/ui/tokens.css", "utf8");

it.each(["light", "dark"] as const)("MUI's %s palette is that of the tokens", (scheme) => {
  const block = css.slice(css.indexOf(`[data-theme="${scheme}"] {`)).split("\n}")[0] ?? "";
  const named = Object.fromEntries(
    [...block.matchAll(/--([\w-]+): *(#\w+);/g)].map(([, name, value]) => [name, value]),
  );

  expect(named).toMatchObject(TOKENS[scheme]);
});
