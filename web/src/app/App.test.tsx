import { screen } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { ME, open } from "../testing/render";

const SIGNED_OUT = { status: 401, body: { title: "You are not signed in.", status: 401 } };

beforeEach(() => withSockets());

it("hears from another tab that its person was signed out, on a page that asks for nothing by itself", async () => {
  answering({ "GET /api/me": { status: 200, body: ME } });
  open("/nothing-here");
  await screen.findByText("Halden");
  answering({ "GET /api/me": SIGNED_OUT });

  const other = new BroadcastChannel("daylight-session");
  other.postMessage("out");

  expect(await screen.findByText("You were signed out", { exact: false })).toBeVisible();
  other.close();
});

it("asks again when it is looked at again", async () => {
  answering({ "GET /api/me": { status: 200, body: ME } });
  open("/nothing-here");
  await screen.findByText("Halden");
  answering({ "GET /api/me": SIGNED_OUT });

  document.dispatchEvent(new Event("visibilitychange"));

  expect(await screen.findByText("You were signed out", { exact: false })).toBeVisible();
});
