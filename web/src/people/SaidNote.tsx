import Button from "@mui/material/Button";
import IconButton from "@mui/material/IconButton";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import { ProblemNote, within } from "../ui/ProblemNote";
import type { Said } from "./acts";
import css from "./SaidNote.module.css";

/** What was done last, and the way back; stays until something else is done or it is closed. */
export function SaidNote({ said, onSaid }: { said: Said | null; onSaid: (next: Said | null) => void }) {
  const { t } = useTranslation(["people", "ui"]);
  const [undoing, setUndoing] = useState(false);

  async function takeBack(undo: NonNullable<Said["undo"]>) {
    setUndoing(true);
    const problem = await undo();
    setUndoing(false);
    onSaid(problem ? { words: t("notUndone"), problem } : { words: t("undone") });
  }

  return (
    <div className={css.place} role="status">
      {said && !said.problem && (
        <div className={css.said}>
          <Icon name="check" className={css.icon} />
          <span className={css.words}>{said.words}</span>
          {said.undo && (
            <Button disabled={undoing} onClick={() => said.undo && takeBack(said.undo)}>
              {t("undo")}
            </Button>
          )}
          <IconButton aria-label={t("ui:close")} onClick={() => onSaid(null)}>
            <Icon name="close" />
          </IconButton>
        </div>
      )}
      {said?.problem && (
        <div className={css.failed}>
          <ProblemNote
            problem={within(said.words, said.problem)}
            action={<Button onClick={() => onSaid(null)}>{t("ui:close")}</Button>}
          />
        </div>
      )}
    </div>
  );
}
