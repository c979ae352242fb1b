import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { faults, show } from "../testing/render";
import { Boundary } from "../ui/Boundary";
import { later } from "../ui/later";
import { Fault } from "./Fault";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {})); // React tells of faults that are caught.

let broken: unknown = null;

function Page() {
  if (broken) {
    throw broken;
  }
  return <p>The page</p>;
}

const within = (of: string) => (
  <Boundary of={of} instead={(fault, again) => <Fault fault={fault} onAgain={again} />}>
    <Page />
  </Boundary>
);

it("a page that fails says so, with the number of its request, and can be tried again", async () => {
  broken = { title: "Away.", status: 500, request_id: "r-17" };
  show(within("/devices"));
  expect(await screen.findByRole("alert")).toHaveTextContent("Something went wrong on this page");
  expect(screen.getByRole("alert")).toHaveTextContent("Request r-17");
  expect(await faults()).toEqual([]);
  broken = null;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  expect(screen.getByText("The page")).toBeVisible();
});

it("a fault stays with its page", async () => {
  broken = new Error("once");
  const { shown } = show(within("/devices"));
  await screen.findByRole("alert");
  broken = null;
  shown(within("/my-data"));

  expect(screen.getByText("The page")).toBeVisible();
});

it("a part that can't be loaded tells of a newer version, and offers to reload", async () => {
  const { Part } = later<object>(() => Promise.reject(new TypeError("Failed to fetch dynamically imported module")));
  show(
    <Boundary of="/" instead={(fault, again) => <Fault fault={fault} onAgain={again} />}>
      <Suspense>
        <Part />
      </Suspense>
    </Boundary>,
  );

  expect(await screen.findByRole("button", { name: "Reload" })).toBeVisible();
  expect(screen.getByRole("alert")).toHaveTextContent("A part of this page can't be loaded");
  expect(await faults()).toEqual([]);
});
