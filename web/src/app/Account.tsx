import Divider from "@mui/material/Divider";
import IconButton from "@mui/material/IconButton";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useState } from "react";
import type { Me } from "../session/api";
import { useSignOutMutation } from "../session/api";
import css from "./Account.module.css";

export function Account({ me }: { me: Me }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [signOut, { isError }] = useSignOutMutation();
  return (
    <>
      <IconButton aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
        <span className={css.avatar} aria-hidden="true">
          {initials(me.name)}
        </span>
        <span className="sr">Account of {me.name}</span>
      </IconButton>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        <li className={css.who} role="none">
          <b>{me.name}</b>
          <span>{me.email}</span>
        </li>
        <Divider component="li" role="separator" />
        <MenuItem onClick={() => signOut()}>Sign out</MenuItem>
        {isError && (
          <li className={css.failed} role="none">
            That didn't work: you are still signed in. Try again.
          </li>
        )}
      </Menu>
    </>
  );
}

/** First letters of the first and the last name. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""];
  return letters
    .map((word) => Array.from(word ?? "")[0] ?? "")
    .join("")
    .toUpperCase();
}
