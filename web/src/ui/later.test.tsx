import { act, render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { expect, it } from "vitest";
import { later } from "./later";

const Here = () => <p>here</p>;

it("what was loaded ahead is drawn at once, without a moment in which something stands in for it", async () => {
  const { Part, ahead } = later(() => Promise.resolve(Here));
  await act(async () => ahead());
  render(
    <Suspense fallback="waiting">
      <Part />
    </Suspense>,
  );

  expect(screen.getByText("here")).toBeVisible();
});

it("what was not is waited for", async () => {
  const { Part } = later(() => Promise.resolve(Here));
  render(
    <Suspense fallback="waiting">
      <Part />
    </Suspense>,
  );

  expect(screen.getByText("waiting")).toBeVisible();
  expect(await screen.findByText("here")).toBeVisible();
});
