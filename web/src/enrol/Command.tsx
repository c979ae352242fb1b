import Button from "@mui/material/Button";
import { Fragment, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import css from "./Command.module.css";

const SAID_MS = 2_000;

/** A command to paste elsewhere. */
export function Command({ text }: { text: string }) {
  const { t } = useTranslation();
  const line = useRef<HTMLElement>(null);
  const [copied, setCopied] = useState(false);

  async function copy() {
    await toClipboard(text, line.current);
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  }

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
      <Button onClick={copy} startIcon={<Icon name={copied ? "check" : "copy"} />}>
        <span aria-live="polite">{copied ? t("copied") : t("copy")}</span>
      </Button>
    </div>
  );
}

/** Plain http on a local network has no clipboard API: then the text is selected and copied the old way. */
async function toClipboard(text: string, line: HTMLElement | null): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
  } else if (line) {
    getSelection()?.selectAllChildren(line);
    document.execCommand("copy");
  }
}
