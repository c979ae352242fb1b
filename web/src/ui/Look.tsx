import createCache from "@emotion/cache";
import { CacheProvider } from "@emotion/react";
import { ThemeProvider } from "@mui/material/styles";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { mirror } from "../i18n/i18n";
import { THEME_KEY, theme } from "./theme";

const straight = createCache({ key: "css" });
const fromTheRight = { ...theme, direction: "rtl" as const };

/** Theme and direction of all that is inside. Another language doesn't mount anything anew: what was typed stays. */
export function Look({ children }: { children: ReactNode }) {
  useTranslation();
  const mirrored = mirror();
  return (
    <CacheProvider value={mirrored ?? straight}>
      <ThemeProvider
        theme={mirrored ? fromTheRight : theme}
        defaultMode="system"
        modeStorageKey={THEME_KEY}
        disableTransitionOnChange
      >
        {children}
      </ThemeProvider>
    </CacheProvider>
  );
}
