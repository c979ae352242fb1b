import { render } from "@testing-library/react";
import axe from "axe-core";
import type { ReactNode } from "react";
import { Provider } from "react-redux";
import { BrowserRouter } from "react-router";
import { App } from "../app/App";
import { makeStore } from "../app/store";
import { Look } from "../ui/Look";

/** The whole application at an address, as a browser would open it. */
export function open(path: string) {
  history.replaceState(null, "", path);
  return show(<App />);
}

/** A part of the application by itself, in what surrounds all of it. Another part may be put in its place by `shown`. */
export function show(part: ReactNode) {
  const store = makeStore();
  const whole = (inner: ReactNode) => (
    <Look>
      <Provider store={store}>
        <BrowserRouter>{inner}</BrowserRouter>
      </Provider>
    </Look>
  );
  const { rerender, ...rest } = render(whole(part));
  return { ...rest, shown: (next: ReactNode) => rerender(whole(next)) };
}

/** For `getByText`: a command to copy, whose words are apart. */
export function command(text: string) {
  return (_: string, node: Element | null) => node?.tagName === "CODE" && node.textContent === text;
}

/** What axe finds, as `rule: element`. Contrast needs a real browser: the tokens' own figures stand for it. */
export async function faults(): Promise<string[]> {
  const { violations } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

export const ME = {
  id: 1,
  name: "Alice Adams",
  email: "alice@example.org",
  roles: [{ role: "manager", team: 1 }],
  organisation: {
    name: "Halden",
    zone: "Europe/Warsaw",
    demo: true,
    expected_min: [480, 480, 480, 480, 480, 0, 0],
    set_up: true,
    version: 1,
  },
  team: { id: 1, name: "Payments" },
  manages: true,
  device: true,
};
