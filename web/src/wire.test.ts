// @vitest-environment node
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

it("types of the wire are those that the hub publishes", () => {
  const check = () => execFileSync(process.execPath, ["gen.js", "--check"], { stdio: "pipe" });

  expect(check).not.toThrow();
});
