import Popover from "@mui/material/Popover";
import type { ReactNode } from "react";
import css from "./SavedViews.module.css";

interface Props {
  anchor: HTMLElement;
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** What a button of the toolbar opens below itself: a dialog with its title. */
export function ToolPopover({ anchor, title, onClose, children }: Props) {
  return (
    <Popover
      open
      anchorEl={anchor}
      onClose={onClose}
      anchorOrigin={{ vertical: "bottom", horizontal: "center" }}
      transformOrigin={{ vertical: -6, horizontal: "center" }}
      transitionDuration={0}
      slotProps={{ paper: { role: "dialog", "aria-label": title, className: css.paper ?? "" } }}
    >
      <h2 className={css.title}>{title}</h2>
      {children}
    </Popover>
  );
}
