import { useColorScheme } from "@mui/material/styles";
import { useTranslation } from "react-i18next";
import type { MenuChoice } from "./MenuPopup";
import type { ThemeChoice } from "./theme";

const CHOICES: ThemeChoice[] = ["system", "light", "dark"];

/** The themes, for a menu or the palette. */
export function useTheming(): MenuChoice[] {
  const { t } = useTranslation();
  const { mode, setMode } = useColorScheme();
  return CHOICES.map((choice) => ({
    key: choice,
    word: t(`theme.${choice}`),
    chosen: mode === choice,
    onChoose: () => setMode(choice),
  }));
}
