// @vitest-environment node
import { expect, it } from "vitest";
import { csvOf } from "./csv";

it("is a table with a head, its lines ended as RFC 4180 says", () => {
  expect(
    csvOf(
      ["Name", "Age"],
      [
        ["Alice", 41],
        ["Bob", null],
      ],
    ),
  ).toBe("\ufeffName,Age\r\nAlice,41\r\nBob,");
});

it.each([
  ['say "hi"', '"say ""hi"""'],
  ["a,b", '"a,b"'],
  ["two\nlines", '"two\nlines"'],
  ["=1+1", "'=1+1"],
  ["+47 22", "'+47 22"],
  ["-x", "'-x"],
  ["@cmd", "'@cmd"],
  ["\tx", "'\tx"],
  ['=HYPERLINK("evil")', `"'=HYPERLINK(""evil"")"`],
  ["a=b", "a=b"],
])("writes %j as %j", (text, cell) => {
  expect(csvOf(["x"], [[text]])).toBe(`\ufeffx\r\n${cell}`);
});
