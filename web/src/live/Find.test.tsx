import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { Find } from "./Find";

const box = () => screen.getByRole("searchbox");

it("keeps every letter, though the address follows late and one by one", async () => {
  const onText = vi.fn();
  const { rerender } = render(<Find text="" onText={onText} />);
  await userEvent.type(box(), "fig");
  rerender(<Find text="f" onText={onText} />);
  expect(box()).toHaveValue("fig");
  await userEvent.type(box(), "ma");
  rerender(<Find text="fig" onText={onText} />);
  rerender(<Find text="figma" onText={onText} />);

  expect(box()).toHaveValue("figma");
  expect(onText).toHaveBeenLastCalledWith("figma");
});

it("takes what another changes in the address", async () => {
  const { rerender } = render(<Find text="" onText={() => {}} />);
  await userEvent.type(box(), "fi");
  rerender(<Find text="fi" onText={() => {}} />);
  rerender(<Find text="" onText={() => {}} />);

  expect(box()).toHaveValue("");
});
