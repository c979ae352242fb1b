import Button from "@mui/material/Button";
import { Fragment, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "../ui/clipboard";
import { Icon } from "../ui/Icon";
import css from "./Command.module.css";

/** A command to paste elsewhere. */
export function Command({ text }: { text: string }) {
  const { t } = useTranslation();
  const line = useRef<HTMLElement>(null);
  const { copied, copy } = useCopy();
  return (
    <div className={css.command}>
      <code ref={line} className={css.text} dir="ltr">
        {/* Lines break between words, and not at the hyphens of codes and options. */}
        {text.split(" ").map((word, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: words may come twice, and never move
          <Fragment key={i}>
            {i > 0 && " "}
            <span>{word}</span>
          </Fragment>
        ))}
      </code>
      <Button onClick={() => copy(text, line.current)} startIcon={<Icon name={copied ? "check" : "copy"} />}>
        <span aria-live="polite">{copied ? t("copied") : t("copy")}</span>
      </Button>
    </div>
  );
}
