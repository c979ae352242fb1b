import Button from "@mui/material/Button";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/pages";
import { save } from "./csv";
import css from "./Download.module.css";
import { Icon } from "./Icon";
import { ProblemNote, type ProblemText, within } from "./ProblemNote";

interface Props {
  /** Of the file. */
  name: string;
  /** Reads all that there is, part by part, and says how far it is; the text of the file in the end. Throws the problem that it met. */
  read: () => AsyncGenerator<string, string>;
}

/** A table as CSV: everything that its filter lets through, with a word of how far it is, and a way to stop. */
export function Download({ name, read }: Props) {
  const { t } = useTranslation(["pages", "ui"]);
  const [progress, setProgress] = useState<string | null>(null);
  const [problem, setProblem] = useState<ProblemText | null>(null);
  const run = useRef<object | null>(null);

  async function download() {
    const mine = {};
    run.current = mine;
    setProblem(null);
    const parts = read();
    try {
      let part = await parts.next();
      while (run.current === mine && !part.done) {
        setProgress(part.value);
        part = await parts.next();
      }
      if (run.current === mine && part.done) {
        save(part.value, name);
      }
    } catch (fault) {
      setProblem(run.current === mine ? (fault as ProblemText) : null);
    }
    if (run.current === mine) {
      setProgress(null);
    }
  }

  if (progress !== null) {
    return (
      <span className={css.progress}>
        <span role="status">{progress}</span>
        <Button
          onClick={() => {
            run.current = null;
            setProgress(null);
          }}
        >
          {t("ui:cancel")}
        </Button>
      </span>
    );
  }
  return (
    <>
      <Button className={css.button ?? ""} startIcon={<Icon name="download" />} onClick={download}>
        <span className={css.label}>{t("csv.download")}</span>
      </Button>
      {problem && (
        <div className={css.failed}>
          <ProblemNote
            problem={within(t("csv.failed"), problem)}
            action={<Button onClick={download}>{t("ui:tryAgain")}</Button>}
          />
        </div>
      )}
    </>
  );
}
