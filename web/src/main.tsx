import "@fontsource-variable/inter";
import "./ui/tokens.css";
import "./ui/base.css";
import { ThemeProvider } from "@mui/material/styles";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";
import { BrowserRouter } from "react-router";
import { App } from "./app/App";
import { makeStore } from "./app/store";
import { paintTheme, THEME_KEY, theme } from "./ui/theme";

paintTheme(document.documentElement);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ThemeProvider theme={theme} defaultMode="system" modeStorageKey={THEME_KEY} disableTransitionOnChange>
        <Provider store={makeStore()}>
          <BrowserRouter>
            <App />
          </BrowserRouter>
        </Provider>
      </ThemeProvider>
    </StrictMode>,
  );
}
