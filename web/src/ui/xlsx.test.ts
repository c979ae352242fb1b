// @vitest-environment node
import { expect, it } from "vitest";
import { xlsxOf } from "./xlsx";

it("holds texts as texts, also those like formulas, and numbers as numbers, without what XML has no room for", async () => {
  const text = await xlsxOf(
    ["Name", "Age"],
    [
      ["=1+1 <&> \u0001\ud800é😀", 41],
      [null, 0],
    ],
  ).text();

  expect(text).toContain('<row><c t="inlineStr"><is><t xml:space="preserve">Name</t></is></c>');
  expect(text).toContain(
    ">=1+1 &lt;&amp;&gt; \ufffd\ufffdé😀</t></is></c><c><v>41</v></c></row><row><c/><c><v>0</v></c></row>",
  );
});
