import Button from "@mui/material/Button";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "../ui/clipboard";
import { Icon } from "../ui/Icon";
import css from "./Secret.module.css";

/** A text to take elsewhere, with its name: the id of a client, or a secret that is shown this once. */
export function Secret({ name, text }: { name: string; text: string }) {
  const { t } = useTranslation();
  const line = useRef<HTMLElement>(null);
  const { copied, copy } = useCopy();
  return (
    <div className={css.secret}>
      <span className={css.name}>{name}</span>
      <code ref={line} className={css.text} dir="ltr">
        {text}
      </code>
      <Button
        onClick={() => copy(text, line.current)}
        startIcon={<Icon name={copied ? "check" : "copy"} />}
        aria-label={`${t("copy")}: ${name}`}
      >
        <span aria-live="polite">{copied ? t("copied") : t("copy")}</span>
      </Button>
    </div>
  );
}
