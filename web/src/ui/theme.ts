import { createTheme } from "@mui/material/styles";
import { TOKENS } from "./palette";

export const THEME_KEY = "daylight-theme";
export type ThemeChoice = "light" | "dark" | "system";

function palette(tokens: Record<keyof (typeof TOKENS)["light"], string>) {
  return {
    primary: { main: tokens.accent, dark: tokens["accent-hover"], contrastText: tokens["on-accent"] },
    error: { main: tokens.danger },
    warning: { main: tokens.attention },
    success: { main: tokens.active },
    info: { main: tokens.passive },
    background: { default: tokens.canvas, paper: tokens.surface },
    text: { primary: tokens.ink, secondary: tokens["ink-2"], disabled: tokens["ink-off"] },
    divider: tokens.line,
  };
}

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: '[data-theme="%s"]' },
  colorSchemes: { light: { palette: palette(TOKENS.light) }, dark: { palette: palette(TOKENS.dark) } },
  spacing: 4,
  shape: { borderRadius: 6 },
  typography: {
    fontFamily: "var(--font)",
    fontSize: 13,
    body1: { fontSize: 14, lineHeight: "20px" },
    body2: { fontSize: 13, lineHeight: "20px" },
    caption: { fontSize: 12, lineHeight: "16px" },
    button: { textTransform: "none", fontWeight: 500, fontSize: 13, lineHeight: "20px" },
  },
  components: {
    MuiButtonBase: {
      defaultProps: { disableRipple: true },
      styleOverrides: { root: { "&:focus-visible": { outline: "2px solid var(--focus)", outlineOffset: 2 } } },
    },
    MuiButton: {
      defaultProps: { disableElevation: true, variant: "outlined", color: "inherit" },
      styleOverrides: {
        root: { minHeight: "var(--control)", padding: "0 12px", minWidth: 0, whiteSpace: "nowrap" },
        outlined: {
          borderColor: "var(--n-300)",
          background: "var(--surface)",
          "&:hover": { borderColor: "var(--n-300)", background: "var(--hover)" },
        },
        startIcon: { marginLeft: 0, marginRight: 6 },
      },
    },
    MuiIconButton: {
      styleOverrides: {
        root: {
          width: "var(--control)",
          height: "var(--control)",
          padding: 0,
          borderRadius: "var(--r-2)",
          color: "var(--ink-2)",
          "&:hover": { background: "var(--hover)" },
        },
      },
    },
    MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: "none" } } },
    MuiOutlinedInput: {
      styleOverrides: {
        root: { background: "var(--surface)", minHeight: "var(--control)" },
        notchedOutline: { borderColor: "var(--line-strong)" },
        input: { padding: "0 10px", height: 20, "&::placeholder": { color: "var(--ink-3)", opacity: 1 } },
        multiline: { padding: "8px 0" },
      },
    },
    MuiMenu: {
      styleOverrides: {
        list: { zoom: "var(--big)" }, // and not the paper, which is placed by its size
        paper: {
          border: "1px solid var(--line)",
          borderRadius: "var(--r-3)",
          boxShadow: "var(--shadow-2)",
          minWidth: 176,
        },
      },
    },
    MuiMenuItem: {
      styleOverrides: { root: { minHeight: "var(--control)", fontSize: 13, gap: 8, paddingInline: 12 } },
    },
    MuiDialog: {
      styleOverrides: {
        paper: {
          borderRadius: "var(--r-3)",
          border: "1px solid var(--line)",
          boxShadow: "var(--shadow-3)",
          zoom: "var(--big)",
        },
      },
    },
    MuiTooltip: {
      defaultProps: { enterDelay: 300, describeChild: true },
      styleOverrides: {
        tooltip: {
          background: "var(--n-800)",
          color: "var(--n-0)",
          fontSize: 12,
          lineHeight: "16px",
          padding: "6px 8px",
        },
      },
    },
  },
});

/** Sets the chosen theme on the page before the first paint; from then on MUI does. */
export function paintTheme(root: HTMLElement): void {
  const dark =
    readChoice() === "dark" || (readChoice() === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";
}

function readChoice(): string {
  try {
    return localStorage.getItem(THEME_KEY) ?? "system";
  } catch {
    return "system"; // Storage may be forbidden; MUI then falls back to the same.
  }
}
