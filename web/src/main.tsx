import "./live/ahead";
import "@fontsource-variable/inter";
import "./ui/tokens.css";
import "./ui/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";
import { BrowserRouter } from "react-router";
import { App } from "./app/App";
import { makeStore } from "./app/store";
import { preferredLanguage, speak } from "./i18n/i18n";
import { Look } from "./ui/Look";
import { paintTheme } from "./ui/theme";

paintTheme(document.documentElement);
const root = document.getElementById("root");
if (root) {
  void start(root);
}

/** Not awaited here: parts of another language import this file, and would wait for it as it waits for them. */
async function start(root: HTMLElement): Promise<void> {
  try {
    await speak(preferredLanguage());
  } catch {
    // Its words can't be had: English is here.
  }
  createRoot(root).render(
    <StrictMode>
      <Look>
        <Provider store={makeStore()}>
          <BrowserRouter>
            <App />
          </BrowserRouter>
        </Provider>
      </Look>
    </StrictMode>,
  );
}
