import { act, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { ManyLines } from "./ManyLines";

const HEAD_PX = 44;
const ROW_PX = 32;
const lines = Array.from({ length: 1_000 }, (_, at) => at);
const isHead = (line: number) => line % 100 === 0;
const topOf = (line: number) => line * ROW_PX + Math.ceil(line / 100) * (HEAD_PX - ROW_PX);

beforeEach(() => {
  render(
    <ManyLines
      lines={lines}
      keyOf={(line) => line}
      heightOf={(line) => (isHead(line) ? HEAD_PX : ROW_PX)}
      stays={(line) => line === 3}
      draw={(line) => <button type="button">line {line}</button>}
    />,
  );
});

function scrolledTo(y: number) {
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, -y, 0, 0));
  act(() => void window.dispatchEvent(new Event("scroll")));
}

const there = () =>
  [...document.querySelectorAll("button")].map((line) => Number(line.textContent?.replace("line ", "")));

it("the line that stays keeps the focus however far it is scrolled out, and what stands around it stays in its place", () => {
  const line = screen.getByRole("button", { name: "line 3" });
  act(() => line.focus());
  scrolledTo(topOf(600));

  expect(line).toHaveFocus();
  expect(screen.getByRole("button", { name: "line 605" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "line 5" })).toBeNull();
  const between = line.nextElementSibling as HTMLElement;
  const next = Number(between.nextElementSibling?.textContent?.replace("line ", ""));
  expect(between.style.height).toBe(`${topOf(next) - topOf(4)}px`);
});

it("wherever the window is its lines are there, and most steps of a scroll draw none", () => {
  const drawn = new Set<string>();
  for (let step = 0; step < 200; step++) {
    scrolledTo(40 * step);
    const inWindow = lines.filter((line) => topOf(line + 1) > 40 * step && topOf(line) < 40 * step + innerHeight);
    expect(there()).toEqual(expect.arrayContaining(inWindow));
    drawn.add(there().join());
  }

  expect(drawn.size).toBeLessThan(60);
});

it("those that are not in the document leave their room", () => {
  scrolledTo(topOf(500));

  const body = document.querySelector("[data-between]")?.parentElement as HTMLElement;
  expect(body.style.paddingTop).toBe(`${topOf(3)}px`);
  expect(body.style.paddingBottom).toBe(`${topOf(1_000) - topOf((there().at(-1) as number) + 1)}px`);
});
