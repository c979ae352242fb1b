import Dialog from "@mui/material/Dialog";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/palette";
import { type Command, type Hint, useHinted, useOffered } from "../ui/commands";
import { Icon } from "../ui/Icon";
import { setSingleKeys, singleKeys } from "../ui/keys";
import { Keys } from "./Keys";
import { PALETTE_KEYS } from "./SearchButton";
import css from "./Shortcuts.module.css";

const GROUPS: Command["group"][] = ["view", "page", "action"];

/** Which keys do what now: those of the page that is open, of its parts, and those that go everywhere. */
export function Shortcuts({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["palette", "ui", "shell"]);
  const ids = { title: useId(), box: useId(), words: useId() };
  const [on, setOn] = useState(singleKeys);
  const keyed = useOffered().filter(({ keys }) => keys);
  const floating: Hint[] = [
    { where: t("shortcuts.floating.where"), title: t("shortcuts.floating.move"), keys: ["↑", "↓"] },
    { where: t("shortcuts.floating.where"), title: t("shortcuts.floating.choose"), keys: ["Enter"] },
    { where: t("shortcuts.floating.where"), title: t("shortcuts.floating.close"), keys: ["Esc"] },
  ];
  const hints = [...useHinted(), ...floating];
  const places = [...new Set(hints.map(({ where }) => where))];
  return (
    <Dialog
      open
      onClose={onClose}
      aria-labelledby={ids.title}
      fullWidth
      maxWidth="md"
      transitionDuration={0}
      slotProps={{ paper: { className: css.sheet ?? "" } }}
    >
      <header className={css.head}>
        <h2 id={ids.title} className={css.title}>
          {t("shortcuts.title")}
        </h2>
        <button type="button" className={css.close} aria-label={t("ui:close")} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className={css.groups}>
        {GROUPS.filter((group) => keyed.some((command) => command.group === group)).map((group) => (
          <section key={group} aria-label={t(group)}>
            <h3 className={css.name}>{t(group)}</h3>
            <dl className={css.group}>
              {keyed
                .filter((command) => command.group === group)
                .map(({ id, title, keys = "" }) => (
                  <div key={id} className={css.line}>
                    <dt>{title}</dt>
                    <dd>
                      <Keys keys={keys} />
                    </dd>
                  </div>
                ))}
              {group === "action" && (
                <div className={css.line}>
                  <dt>{t("shell:search")}</dt>
                  <dd dir="ltr">
                    <kbd className={css.key}>{PALETTE_KEYS}</kbd>
                  </dd>
                </div>
              )}
            </dl>
          </section>
        ))}
        {places.map((place) => (
          <section key={place} aria-label={place}>
            <h3 className={css.name}>{place}</h3>
            <dl className={css.group}>
              {hints
                .filter(({ where }) => where === place)
                .map(({ title, keys }) => (
                  <div key={title} className={css.line}>
                    <dt>{title}</dt>
                    <dd className={css.keys} dir="ltr">
                      {keys.map((key) => (
                        <kbd key={key} className={css.key}>
                          {key}
                        </kbd>
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <footer className={css.foot}>
        <input
          id={ids.box}
          type="checkbox"
          checked={on}
          aria-describedby={ids.words}
          onChange={() => {
            setSingleKeys(!on);
            setOn(!on);
          }}
        />
        <label htmlFor={ids.box}>{t("shortcuts.on")}</label>
        <p id={ids.words}>{t("shortcuts.onWords", { keys: PALETTE_KEYS })}</p>
      </footer>
    </Dialog>
  );
}
