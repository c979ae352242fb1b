import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Me } from "../session/api";
import { useSignOut } from "../session/api";
import button from "../ui/IconButton.module.css";
import { MenuButton } from "../ui/MenuButton";
import { useLanguages } from "../ui/useLanguages";
import { useTheming } from "../ui/useTheming";
import css from "./Account.module.css";
import { isA } from "./roles";

/** Who is signed in, and what is theirs to set: theme, language, the way out. */
export function Account({ me, onShortcuts }: { me: Me; onShortcuts: () => void }) {
  const { t } = useTranslation(["shell", "ui"]);
  const navigate = useNavigate();
  const themes = useTheming();
  const languages = useLanguages();
  const [signOut] = useSignOut();
  return (
    <MenuButton
      className={button.button}
      label={t("account.of", { name: me.name })}
      head={
        <>
          <b className={css.name}>{me.name}</b>
          <span className={css.email}>{me.email}</span>
        </>
      }
      groups={[
        { key: "theme", title: t("ui:theme.title"), choices: themes },
        { key: "language", title: t("ui:language"), choices: languages.choices },
        {
          key: "acts",
          choices: [
            { key: "account", word: t("page.account"), icon: "key", onChoose: () => navigate("/account") },
            ...(isA("admin", me)
              ? [{ key: "setup", word: t("page.setup"), icon: "admin" as const, onChoose: () => navigate("/set-up") }]
              : []),
            { key: "shortcuts", word: t("account.shortcuts"), icon: "keyboard", onChoose: onShortcuts },
            { key: "out", word: t("account.signOut"), icon: "out", onChoose: () => signOut() },
          ],
        },
      ]}
      foot={languages.failed && t("ui:languageFailed")}
    >
      <span className={css.avatar} aria-hidden="true">
        {initials(me.name)}
      </span>
    </MenuButton>
  );
}

/** First letters of the first and the last name. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""];
  return letters
    .map((word) => Array.from(word ?? "")[0] ?? "")
    .join("")
    .toUpperCase();
}
