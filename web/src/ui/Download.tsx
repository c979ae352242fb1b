import Button from "@mui/material/Button";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/pages";
import { buttonClass } from "./Button";
import { KINDS, type Kind, saveTable, type Table } from "./csv";
import css from "./Download.module.css";
import { Icon } from "./Icon";
import { MenuButton } from "./MenuButton";
import { ProblemNote, type ProblemText, within } from "./ProblemNote";

const WORDS: Record<Kind, string> = { csv: "CSV", xlsx: "Excel (XLSX)" };

interface Props {
  /** Of the file, without its ending. */
  name: string;
  /** Reads all that there is, part by part, and says how far it is; the table in the end. Throws the problem that it met. */
  read: () => AsyncGenerator<string, Table>;
}

/** A table as a file, as what is chosen in a menu: everything that its filter lets through, with a word of how far it is, and a way to stop. */
export function Download({ name, read }: Props) {
  const { t } = useTranslation(["pages", "ui"]);
  const [progress, setProgress] = useState<string | null>(null);
  const [problem, setProblem] = useState<{ kind: Kind; text: ProblemText } | null>(null);
  const run = useRef<object | null>(null);

  async function download(kind: Kind) {
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
        await saveTable(kind, name, part.value);
      }
    } catch (fault) {
      setProblem(run.current === mine ? { kind, text: fault as ProblemText } : null);
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
      <MenuButton
        className={`${buttonClass(false)} ${css.button}`}
        groups={[
          {
            key: "kinds",
            choices: KINDS.map((kind) => ({ key: kind, word: WORDS[kind], onChoose: () => download(kind) })),
          },
        ]}
      >
        <Icon name="download" />
        <span className={css.label}>{t("csv.take")}</span>
      </MenuButton>
      {problem && (
        <div className={css.failed}>
          <ProblemNote
            problem={within(t("csv.failed"), problem.text)}
            action={<Button onClick={() => download(problem.kind)}>{t("ui:tryAgain")}</Button>}
          />
        </div>
      )}
    </>
  );
}
