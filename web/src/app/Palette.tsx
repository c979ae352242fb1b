import Dialog from "@mui/material/Dialog";
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import "../i18n/en/palette";
import type { Me } from "../session/api";
import { useOffered } from "../ui/commands";
import { Icon } from "../ui/Icon";
import { ProblemNote, within } from "../ui/ProblemNote";
import { type Choice, sectionsOf } from "./choices";
import { useDirectory } from "./directory";
import { Keys } from "./Keys";
import css from "./Palette.module.css";
import { pagesOf } from "./pages";
import { recall, remember } from "./recent";

/** Search people, teams, pages and acts, and go there. A combobox with its list: the focus stays in the field. */
export function Palette({ me, onClose }: { me: Me; onClose: () => void }) {
  const { t } = useTranslation(["palette", "ui", "shell"]);
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [moved, setMoved] = useState<string | null>(null);
  const commands = useOffered();
  const recent = useMemo(() => recall(me.id), [me.id]);
  const wanted = text.trim();
  const { found, problem, searching, again } = useDirectory(wanted);
  const sections = sectionsOf(text, found, commands, recent);
  const choices = sections.flatMap((section) => section.choices);
  const active = choices.find(({ key }) => key === moved) ?? choices[0];
  const list = useId();
  const idOf = (choice: Choice | undefined) => (choice ? `${list}-${choice.key}` : undefined);

  function choose({ recent: chosen }: Choice) {
    remember(me.id, chosen);
    onClose();
    if (chosen.kind === "command") {
      commands.find(({ id }) => id === chosen.id)?.run();
    } else {
      navigate(addressOf(chosen.kind, chosen.id, me));
    }
  }

  function move(by: number) {
    const at = active ? choices.indexOf(active) : -1;
    const next = choices[(at + by + choices.length) % choices.length];
    if (next) {
      setMoved(next.key);
      document.getElementById(idOf(next) ?? "")?.scrollIntoView?.({ block: "nearest" });
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) {
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      move(step);
    } else if (event.key === "Enter" && active) {
      event.preventDefault();
      choose(active);
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      aria-labelledby={`${list}-title`}
      transitionDuration={0}
      classes={{ container: css.place ?? "" }}
      slotProps={{ paper: { className: css.palette ?? "" } }}
    >
      <h2 id={`${list}-title`} className="sr">
        {t("shell:search")}
      </h2>
      <div className={css.field}>
        <Icon name="search" className={css.glass} />
        <input
          autoFocus
          className={css.input}
          role="combobox"
          aria-label={t("label")}
          aria-expanded={choices.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={idOf(active)}
          placeholder={t("placeholder")}
          autoComplete="off"
          spellCheck={false}
          enterKeyHint="go"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setMoved(null);
          }}
          onKeyDown={onKeyDown}
        />
        <button type="button" className={css.close} aria-label={t("ui:close")} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <div className={css.list} role="listbox" id={list} aria-label={t("list")} hidden={choices.length === 0}>
        {sections.map(({ key, choices: inside }) => (
          <div key={key} role="group" aria-labelledby={`${list}-${key}`}>
            <div className={css.section} id={`${list}-${key}`} role="presentation">
              {t(key)}
            </div>
            {inside.map((choice) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and the keys
              <div
                key={choice.key}
                id={idOf(choice)}
                role="option"
                aria-selected={choice === active}
                className={css.choice}
                onPointerMove={() => setMoved(choice.key)}
                onClick={() => choose(choice)}
              >
                <Icon name={choice.icon} className={css.icon} />
                <span className={css.title}>{choice.title}</span>
                <span className={css.detail}>{isMe(choice, me) ? t("you") : choice.detail}</span>
                {choice.keys && <Keys keys={choice.keys} />}
              </div>
            ))}
          </div>
        ))}
      </div>
      {choices.length === 0 && !searching && !problem && (
        <div className={css.none}>
          <b>{t("none", { text: wanted })}</b>
          <p>{t("noneWords")}</p>
        </div>
      )}
      {problem && (
        <div className={css.problem}>
          <ProblemNote
            problem={within(t("failed"), problem)}
            action={
              <button type="button" className={css.again} onClick={again}>
                {t("ui:tryAgain")}
              </button>
            }
          />
        </div>
      )}
      <div className={css.foot}>
        <span role="status">{searching ? t("searching") : t("found", { count: choices.length })}</span>
        <span className={css.hints} aria-hidden="true">
          <kbd>↑</kbd> <kbd>↓</kbd> {t("move")} <kbd>↵</kbd> {t("go")} <kbd>Esc</kbd> {t("leave")}
        </span>
      </div>
    </Dialog>
  );
}

function isMe({ recent }: Choice, me: Me): boolean {
  return recent.kind === "person" && recent.id === me.id;
}

/** On the wall; whoever has none finds themselves among their own data. */
function addressOf(kind: "person" | "team", id: number, me: Me): string {
  const wall = pagesOf(me).some(({ path }) => path === "/");
  return kind === "person" && id === me.id && !wall ? "/my-data" : `/?${kind}=${id}`;
}
