import { act, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { ManyLines } from "./ManyLines";

const ROW_PX = 32;
const lines = Array.from({ length: 1_000 }, (_, at) => at);

beforeEach(() => {
  render(
    <>
      <button type="button">elsewhere</button>
      <ManyLines
        lines={lines}
        keyOf={(line) => line}
        heightOf={() => ROW_PX}
        draw={(line) => <button type="button">line {line}</button>}
      />
    </>,
  );
});
function scrolledTo(y: number) {
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, -y, 0, 0));
  act(() => void window.dispatchEvent(new Event("scroll")));
}

it("a line that has the focus keeps it however far it is scrolled out, and what stands around it stays in its place", () => {
  const line = screen.getByRole("button", { name: "line 3" });
  act(() => line.focus());
  scrolledTo(600 * ROW_PX);

  expect(line).toHaveFocus();
  expect(screen.getByRole("button", { name: "line 605" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "line 5" })).toBeNull();
  const between = line.nextElementSibling as HTMLElement;
  const next = Number(between.nextElementSibling?.textContent?.replace("line ", ""));
  expect(between.style.height).toBe(`${(next - 4) * ROW_PX}px`);
});

it("a line that lost the focus goes as the others do", () => {
  act(() => screen.getByRole("button", { name: "line 3" }).focus());
  act(() => screen.getByRole("button", { name: "elsewhere" }).focus());
  scrolledTo(600 * ROW_PX);

  expect(screen.queryByRole("button", { name: "line 3" })).toBeNull();
});
