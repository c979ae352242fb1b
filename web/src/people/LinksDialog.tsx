import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "../ui/clipboard";
import { csvOf, save } from "../ui/csv";
import css from "../ui/Dialog.module.css";
import { Icon } from "../ui/Icon";
import type { Invited } from "./api";
import own from "./LinksDialog.module.css";

/** Links to pass on, where no mail is set up: shown this once. */
export function LinksDialog({ links, onClose }: { links: Invited[]; onClose: () => void }) {
  const { t } = useTranslation(["people", "pages", "ui"]);
  const title = useId();
  return (
    <Dialog
      open
      // Not by a click beside it: they are shown this once.
      onClose={(_, reason) => reason === "escapeKeyDown" && onClose()}
      aria-labelledby={title}
      fullWidth
      maxWidth="sm"
    >
      <DialogTitle id={title} className={css.title ?? ""}>
        {t("links.title", { count: links.length, name: links[0]?.name })}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        <p>{t("links.words", { count: links.length })}</p>
        <ul className={own.links}>
          {links.map((link, index) => (
            <Line key={link.person} link={link} first={index === 0} />
          ))}
        </ul>
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        {links.length > 1 && (
          <Button
            startIcon={<Icon name="download" />}
            onClick={() =>
              save(
                csvOf(
                  [t("column.name"), t("column.email"), t("links.link")],
                  links.map(({ name, email, url }) => [name, email, url]),
                ),
                "links.csv",
              )
            }
          >
            {t("pages:csv.download")}
          </Button>
        )}
        <Button onClick={onClose}>{t("ui:done")}</Button>
      </DialogActions>
    </Dialog>
  );
}

function Line({ link: { name, email, url }, first }: { link: Invited; first: boolean }) {
  const { t } = useTranslation(["people", "ui"]);
  const shown = useRef<HTMLElement>(null);
  const { copied, copy } = useCopy();
  return (
    <li>
      <span>
        {name} <small dir="ltr">{email}</small>
      </span>
      <Button
        autoFocus={first}
        aria-label={copied ? t("ui:copied") : t("links.copy", { name })}
        onClick={() => copy(url ?? "", shown.current)}
        startIcon={<Icon name={copied ? "check" : "copy"} />}
      >
        {copied ? t("ui:copied") : t("ui:copy")}
      </Button>
      <code ref={shown} dir="ltr">
        {url}
      </code>
      <span className="sr" role="status">
        {copied && t("ui:copied")}
      </span>
    </li>
  );
}
