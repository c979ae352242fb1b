import Button from "@mui/material/Button";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { csvOf, save } from "../ui/csv";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { COLUMNS, HEADINGS, useUploadMutation } from "./api";
import css from "./DropFile.module.css";
import { saidInWords } from "./words";

/** Where a file is dropped or chosen; what its columns mean, and a template with them. */
export function DropFile({ onRead }: { onRead: (id: string) => void }) {
  const { t } = useTranslation("imports");
  const [upload, { isLoading }] = useUploadMutation();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [over, setOver] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  const sending = useRef<{ abort: () => void } | null>(null);
  useEffect(() => () => sending.current?.abort(), []);

  async function send(file: File | undefined) {
    if (!file || isLoading) {
      return;
    }
    setName(file.name);
    setProblem(null);
    const call = upload(file);
    sending.current = call;
    const { data, error } = await call;
    sending.current = null;
    if (box.current) {
      box.current.value = ""; // The same file, mended, can be chosen again.
    }
    if (data) {
      onRead(data.id);
    } else if (error && "status" in error) {
      setProblem(error as Problem);
    }
  }

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    void send(event.dataTransfer.files[0]);
  }

  return (
    <div className={css.columns}>
      <section className={css.sheet}>
        <p className={css.lead}>{t("lead")}</p>
        {problem && <ProblemNote problem={saidInWords(t("drop.failed", { name }), problem)} />}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: for the mouse; the button within is for everybody */}
        <div
          className={css.drop}
          data-over={over || undefined}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          {isLoading ? (
            <>
              <p role="status">{t("drop.reading", { name })}</p>
              <div className={css.bar} aria-hidden="true" />
              <Button onClick={() => sending.current?.abort()}>{t("drop.cancel")}</Button>
            </>
          ) : (
            <>
              <Icon name="people" size={28} className={css.icon} />
              <p className={css.drag}>
                <b>{t("drop.title")}</b> {t("drop.or")}
              </p>
              <Button variant="contained" color="primary" onClick={() => box.current?.click()}>
                {t("drop.choose")}
              </Button>
              <p className={css.limits}>{t("drop.limits")}</p>
            </>
          )}
        </div>
        <input
          ref={box}
          type="file"
          hidden
          aria-label={t("drop.choose")}
          accept=".csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
          onChange={(event) => void send(event.target.files?.[0])}
        />
        <Button
          startIcon={<Icon name="download" />}
          onClick={() => save(csvOf(Object.values(HEADINGS), []), "people.csv")}
        >
          {t("template")}
        </Button>
      </section>
      <section className={css.sheet}>
        <h2 className={css.title}>{t("columns.title")}</h2>
        <p className={css.words}>{t("columns.words")}</p>
        <dl className={css.list}>
          {COLUMNS.map((column) => (
            <div key={column}>
              <dt>
                <code>{HEADINGS[column]}</code>
              </dt>
              <dd>{t(`columns.${column}`)}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}
