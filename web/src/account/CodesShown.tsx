import Button from "@mui/material/Button";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "../ui/clipboard";
import { save } from "../ui/csv";
import { Icon } from "../ui/Icon";
import css from "./CodesShown.module.css";

/** New recovery codes: this once. */
export function CodesShown({ codes }: { codes: string[] }) {
  const { t } = useTranslation(["account", "ui"]);
  const list = useRef<HTMLUListElement>(null);
  const { copied, copy } = useCopy();
  const text = codes.join("\n");
  return (
    <>
      <p>{t("codes.once")}</p>
      <ul ref={list} className={css.codes} aria-label={t("codes.title")} dir="ltr">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className={css.acts}>
        <Button onClick={() => copy(text, list.current)} startIcon={<Icon name={copied ? "check" : "copy"} />}>
          <span aria-live="polite">{copied ? t("ui:copied") : t("ui:copy")}</span>
        </Button>
        <Button
          onClick={() =>
            save(`Daylight ${location.host}\n${text}\n`, "daylight-recovery-codes.txt", "text/plain;charset=utf-8")
          }
          startIcon={<Icon name="download" />}
        >
          {t("codes.save")}
        </Button>
      </div>
    </>
  );
}
