import type { ButtonHTMLAttributes } from "react";
import css from "./Button.module.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** The one thing to do here. */
  primary?: boolean;
}

/** As MUI's, for the first picture, which does not wait for MUI's. */
export function Button({ primary = false, className = "", ...rest }: Props) {
  return <button type="button" className={`${buttonClass(primary)} ${className}`} {...rest} />;
}

/** For a link that looks like one. */
export function buttonClass(primary: boolean): string {
  return `${css.button} ${primary ? css.primary : ""}`;
}
