import Dialog from "@mui/material/Dialog";
import IconButton from "@mui/material/IconButton";
import useMediaQuery from "@mui/material/useMediaQuery";
import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import css from "./Beside.module.css";
import { Icon } from "./Icon";
import { useFocusKept } from "./useFocusKept";

interface Props {
  title: string;
  about?: ReactNode;
  /** Whose it is. */
  person?: number;
  onClose: () => void;
  children: ReactNode;
}

/**
 * Beside a page what was opened on it; a page of its own where there is no room for both. The focus comes in with it, and goes back to
 * where it came from when it is closed from within. Opened by the address it may come late: whoever writes or is in a dialog by then goes on.
 */
export function Beside({ title, about, person, onClose, children }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const whole = useRef<HTMLDivElement>(null);
  const alone = useMediaQuery("(max-width: 900px)", { noSsr: true });
  useFocusKept(whole);

  useLayoutEffect(() => {
    const before = document.activeElement;
    const opened = heading.current;
    const panel = whole.current;
    if (!before?.closest("input, textarea, [role=dialog]")) {
      opened?.focus({ preventScroll: true });
    }
    return () => {
      if (panel?.contains(document.activeElement)) {
        const back = before instanceof HTMLElement && before !== document.body && before.isConnected ? before : null;
        (back ?? document.getElementById("page"))?.focus({ preventScroll: true });
      }
    };
  }, []);

  const content = (
    <div ref={whole} className={css.content}>
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
        data-panel={person}
        slotProps={{ paper: { className: css.page ?? "" } }}
      >
        {content}
      </Dialog>
    );
  }
  return (
    <aside className={css.panel} aria-labelledby={id} data-panel={person} onKeyDown={onKey}>
      {content}
    </aside>
  );
}
