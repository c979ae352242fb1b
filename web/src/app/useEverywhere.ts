import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Me, useSignOut } from "../session/api";
import { type Command, useCommands } from "../ui/commands";
import { useLanguages } from "../ui/useLanguages";
import { useTheming } from "../ui/useTheming";
import { pagesOf } from "./pages";

/** Offers what can be done on every page. */
export function useEverywhere(me: Me, { onShortcuts }: { onShortcuts: () => void }): void {
  const { t } = useTranslation(["shell", "ui"]);
  const navigate = useNavigate();
  const themes = useTheming();
  const { choices: languages } = useLanguages();
  const [signOut] = useSignOut();
  const pages = pagesOf(me).map(
    ({ path, word, icon, keys }): Command => ({
      id: `page/${word}`,
      group: "page",
      title: t(`page.${word}`),
      icon,
      keys,
      run: () => navigate(path),
    }),
  );
  useCommands([
    ...pages,
    {
      id: "enrol",
      group: "action",
      title: t("action.enrol"),
      icon: "screen",
      run: () => navigate("/devices?enrol"),
    },
    ...themes
      .filter(({ chosen }) => !chosen)
      .map(
        ({ key, word, onChoose }): Command => ({
          id: `theme/${key}`,
          group: "action",
          title: t("action.theme", { theme: word }),
          icon: key === "dark" ? "moon" : "sun",
          run: onChoose,
        }),
      ),
    ...languages
      .filter(({ chosen }) => !chosen)
      .map(
        ({ key, word, onChoose }): Command => ({
          id: `language/${key}`,
          group: "action",
          title: t("action.language", { language: word }),
          icon: "language",
          run: onChoose,
        }),
      ),
    { id: "shortcuts", group: "action", title: t("account.shortcuts"), icon: "keyboard", keys: "?", run: onShortcuts },
    { id: "out", group: "action", title: t("account.signOut"), icon: "out", run: () => signOut() },
  ]);
}
