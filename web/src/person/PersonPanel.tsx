import Dialog from "@mui/material/Dialog";
import useMediaQuery from "@mui/material/useMediaQuery";
import { type KeyboardEvent, useId, useLayoutEffect, useRef } from "react";
import { useDay } from "../day/useDay";
import { type LiveFacts, PanelContent } from "./PanelContent";
import css from "./PersonPanel.module.css";

export interface PersonPanelProps {
  person: number;
  onClose: () => void;
  live?: LiveFacts | undefined;
}

/** Somebody's day beside the wall; a page of its own where there is no room for both. Each person that it is opened on is one look. */
export function PersonPanel(props: PersonPanelProps) {
  return <Opened key={props.person} {...props} />;
}

function Opened({ person, onClose, live }: PersonPanelProps) {
  const picture = useDay(person);
  const title = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const alone = useMediaQuery("(max-width: 900px)", { noSsr: true });
  const content = <PanelContent picture={picture} live={live} onClose={onClose} title={title} heading={heading} />;

  // The focus comes in with what was opened, and goes back to where it came from when it is closed from within. Opened by the
  // address, the panel may come late: whoever writes or is in a dialog by then goes on.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const opened = heading.current;
    if (!before?.closest("input, textarea, [role=dialog]")) {
      opened?.focus({ preventScroll: true });
    }
    return () => {
      if (
        before instanceof HTMLElement &&
        before.isConnected &&
        opened?.closest("[data-panel]")?.contains(document.activeElement)
      ) {
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
        aria-labelledby={title}
        transitionDuration={0}
        data-panel={person}
        slotProps={{ paper: { className: css.page ?? "" } }}
      >
        {content}
      </Dialog>
    );
  }
  return (
    <aside className={css.panel} aria-labelledby={title} data-panel={person} onKeyDown={onKey}>
      {content}
    </aside>
  );
}
