// @vitest-environment node
import { expect, it } from "vitest";
import { fewScale } from "./useKiosk";

it("draws few people on a kiosk as large as lets all of them stand there", () => {
  expect(fewScale(3, 1, 1440, 900)).toBe(1.7); // 60 + 1.7 (76 + 2 * 46 + 165 + 147) = 876
  expect(fewScale(3, 1, 3840, 2160)).toBe(3);
  expect(fewScale(12, 1, 1920, 1080)).toBe(1.3); // 6 in a line; of 5 at 1.4 there were three lines: 1,144
  expect(fewScale(40, 1, 1920, 1080)).toBe(1);
  expect(fewScale(3, 1, 360, 740)).toBe(1);
});
