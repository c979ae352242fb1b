import Divider from "@mui/material/Divider";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import type { ReactNode, RefObject } from "react";
import { Icon, type IconName } from "./Icon";
import css from "./MenuPopup.module.css";

export interface MenuChoice {
  key: string;
  word: string;
  icon?: IconName;
  /** Of choices that exclude each other: whether it is this one. */
  chosen?: boolean;
  /** Of a word in another language. */
  lang?: string;
  onChoose: () => void;
}

export interface MenuGroup {
  key: string;
  title?: string;
  choices: MenuChoice[];
}

interface Props {
  anchor: RefObject<HTMLElement>;
  head?: ReactNode;
  groups: MenuGroup[];
  foot?: ReactNode;
  onClose: () => void;
}

export function MenuPopup({ anchor, head, groups, foot, onClose }: Props) {
  return (
    <Menu open anchorEl={anchor.current} onClose={onClose}>
      {head && (
        <li className={css.head} role="none">
          {head}
        </li>
      )}
      {groups.flatMap(({ key, title, choices }, index) => [
        (index > 0 || head) && <Divider key={`${key}-line`} component="li" role="separator" />,
        title && (
          <li key={`${key}-title`} className={css.title} role="none">
            {title}
          </li>
        ),
        ...choices.map((choice) => (
          <MenuItem
            key={choice.key}
            {...(choice.chosen === undefined ? {} : { role: "menuitemradio", "aria-checked": choice.chosen })}
            aria-label={title && `${title}: ${choice.word}`}
            lang={choice.lang}
            onClick={() => {
              choice.onChoose();
              onClose();
            }}
          >
            {choice.icon && <Icon name={choice.icon} className={css.icon} />}
            <span className={css.word}>{choice.word}</span>
            {choice.chosen && <Icon name="check" size={14} />}
          </MenuItem>
        )),
      ])}
      {foot && (
        <li className={css.foot} role="none">
          {foot}
        </li>
      )}
    </Menu>
  );
}
