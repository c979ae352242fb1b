import Dialog from "@mui/material/Dialog";
import IconButton from "@mui/material/IconButton";
import useMediaQuery from "@mui/material/useMediaQuery";
import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import css from "./SidePanel.module.css";

interface Props {
  title: string;
  about?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

/** Beside a list; a page of its own where there is no room for both. The focus comes in with it, and goes back when it closes. */
export function SidePanel({ title, about, onClose, children }: Props) {
  const { t } = useTranslation("ui");
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const alone = useMediaQuery("(max-width: 900px)", { noSsr: true });
  const content = (
    <div className={css.content}>
      <header className={css.head}>
        <div className={css.who}>
          <h2 ref={heading} id={id} tabIndex={-1} className={css.title}>
            {title}
          </h2>
          {about && <p className={css.about}>{about}</p>}
        </div>
        <IconButton aria-label={t("close")} onClick={onClose}>
          <Icon name="close" />
        </IconButton>
      </header>
      {children}
    </div>
  );

  useLayoutEffect(() => {
    const before = document.activeElement;
    const opened = heading.current;
    opened?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected && before !== document.body) {
        before.focus({ preventScroll: true });
      }
    };
  }, []);

  function onKey(event: KeyboardEvent) {
    if (event.key === "Escape" && !event.defaultPrevented) {
      onClose();
    }
  }

  if (alone) {
    return (
      <Dialog
        open
        fullScreen
        onClose={onClose}
        aria-labelledby={id}
        transitionDuration={0}
        slotProps={{ paper: { className: css.page ?? "" } }}
      >
        {content}
      </Dialog>
    );
  }
  return (
    <aside className={css.panel} aria-labelledby={id} onKeyDown={onKey}>
      {content}
    </aside>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css.section}>
      <h3 className={css.sectionTitle}>{title}</h3>
      {children}
    </section>
  );
}
