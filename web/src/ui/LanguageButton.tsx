import Button from "@mui/material/Button";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, LANGUAGES, type Language, language } from "../i18n/i18n";
import { Icon } from "./Icon";

/** Each language in its own words, so that it is found by whoever reads no other. */
export function LanguageButton() {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const now = language();
  return (
    <>
      <Button
        variant="text"
        aria-haspopup="menu"
        endIcon={<Icon name="down" />}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <span className="sr">{t("language")}: </span>
        {LANGUAGES[now].name}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {(Object.keys(LANGUAGES) as Language[]).map((each) => (
          <MenuItem
            key={each}
            role="menuitemradio"
            aria-checked={each === now}
            selected={each === now}
            lang={each}
            dir={LANGUAGES[each].dir}
            onClick={() => {
              setAnchor(null);
              chooseLanguage(each);
            }}
          >
            {LANGUAGES[each].name}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}
