import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/papers";
import { download } from "../http/download";
import type { Problem } from "../http/request";
import { language } from "../i18n/i18n";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import css from "./Papers.module.css";

const PAPERS = ["dpia", "works-council"] as const;

/** The documents that are made from the settings in force, to be saved in the language of the page. */
export function Papers() {
  const { t } = useTranslation("papers");
  const [saving, setSaving] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function save(paper: string) {
    setSaving(paper);
    setProblem((await download(`/api/papers/${paper}.pdf?language=${language()}`)) ?? null);
    setSaving(null);
  }

  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      <ul className={css.papers}>
        {PAPERS.map((paper) => (
          <li key={paper}>
            <div>
              <b>{t(paper)}</b>
              <p>{t(`${paper}Words`)}</p>
            </div>
            <Button
              startIcon={<Icon name="download" />}
              disabled={saving !== null}
              onClick={() => save(paper)}
              aria-label={saving === paper ? undefined : t("save", { paper: t(paper) })}
            >
              {saving === paper ? t("saving") : "PDF"}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}
