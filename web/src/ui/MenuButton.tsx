import { type ReactNode, type RefObject, Suspense, useRef, useState } from "react";
import { Boundary } from "./Boundary";
import { later } from "./later";
import type { MenuGroup } from "./MenuPopup";
import { PartNote } from "./PartNote";

/** Menus, and what they float on, are no part of a page's first picture. */
const popup = later(() => import("./MenuPopup").then(({ MenuPopup }) => MenuPopup));

interface Props {
  className?: string | undefined;
  /** Names a button that shows only an icon. */
  label?: string;
  title?: string;
  children: ReactNode;
  /** Above the choices: whom or what they are about. */
  head?: ReactNode;
  groups: MenuGroup[];
  /** Below them: what went wrong. */
  foot?: ReactNode;
}

/** A button that opens a menu. The menu is loaded when the pointer or the focus comes near. */
export function MenuButton({ className, label, title, children, ...menu }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        title={title}
        aria-haspopup="menu"
        aria-expanded={open}
        onPointerEnter={popup.ahead}
        onFocus={popup.ahead}
        onClick={() => setOpen(true)}
      >
        {children}
        {label && <span className="sr">{label}</span>}
      </button>
      {open && (
        <Boundary of="menu" instead={() => <PartNote onClose={close} />}>
          <Suspense>
            <popup.Part {...menu} anchor={button as RefObject<HTMLElement>} onClose={close} />
          </Suspense>
        </Boundary>
      )}
    </>
  );
}
