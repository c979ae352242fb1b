import Divider from "@mui/material/Divider";
import IconButton from "@mui/material/IconButton";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Me } from "../session/api";
import { useSignOutMutation } from "../session/api";
import css from "./Account.module.css";
import { isA } from "./roles";

export function Account({ me }: { me: Me }) {
  const { t } = useTranslation("shell");
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [signOut, { isError }] = useSignOutMutation();
  return (
    <>
      <IconButton aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
        <span className={css.avatar} aria-hidden="true">
          {initials(me.name)}
        </span>
        <span className="sr">{t("account.of", { name: me.name })}</span>
      </IconButton>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        <li className={css.who} role="none">
          <b>{me.name}</b>
          <span>{me.email}</span>
        </li>
        <Divider component="li" role="separator" />
        {isA("admin", me) && (
          <MenuItem component={Link} to="/set-up" onClick={() => setAnchor(null)}>
            {t("setUp")}
          </MenuItem>
        )}
        <MenuItem onClick={() => signOut()}>{t("account.signOut")}</MenuItem>
        {isError && (
          <li className={css.failed} role="none">
            {t("account.signOutFailed")}
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
