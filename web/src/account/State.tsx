import type { ReactNode } from "react";
import { Icon, type IconName } from "../ui/Icon";
import css from "./Section.module.css";

const ICONS: Record<"good" | "bad" | "none", IconName> = { good: "check", bad: "attention", none: "offline" };

/** How it is with what a section is about: by mark, word and colour. */
export function State({ is, children }: { is: "good" | "bad" | "none"; children: ReactNode }) {
  return (
    <p className={css.state} data-good={is === "good" || undefined} data-bad={is === "bad" || undefined}>
      <Icon name={ICONS[is]} />
      <span>{children}</span>
    </p>
  );
}
