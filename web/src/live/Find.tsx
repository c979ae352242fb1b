import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommands } from "../ui/commands";
import { Icon } from "../ui/Icon";
import css from "./Find.module.css";

/** Filters the rows by what is typed; `/` leads here, Escape empties it. */
export function Find({ text, onText }: { text: string; onText: (text: string) => void }) {
  const { t } = useTranslation("live");
  const box = useRef<HTMLInputElement>(null);
  // The address follows as soon as the page has time; what is typed stands in the box at once.
  const [typed, setTyped] = useState(text);
  // What was told and may still come back, oldest first: an echo is no change by somebody else, however late it comes.
  const told = useRef([text]);
  useEffect(() => {
    const at = told.current.indexOf(text);
    if (at < 0) {
      setTyped(text);
    }
    told.current = at < 0 ? [text] : told.current.slice(at);
  }, [text]);
  function type(next: string) {
    told.current.push(next);
    setTyped(next);
    onText(next);
  }
  useCommands([
    { id: "live/find", group: "view", title: t("find"), icon: "search", keys: "/", run: () => box.current?.focus() },
  ]);
  return (
    <span className={css.find}>
      <Icon name="search" />
      <input
        ref={box}
        type="search"
        placeholder={t("find")}
        aria-label={t("find")}
        aria-keyshortcuts="/"
        value={typed}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            type("");
          }
        }}
      />
      <kbd className={css.key}>/</kbd>
    </span>
  );
}
