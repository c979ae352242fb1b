import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import css from "./SavedViews.module.css";
import { draft, keepDraft } from "./viewName";

const NAME_MAX = 80;

interface Props {
  label: string;
  name: string;
  action: string;
  /** What is wrong with it; `null` when it was taken. */
  onName: (name: string) => Promise<Problem | null>;
  /** Given where there is something to go back to: the field has the focus then. */
  onCancel?: () => void;
}

/** Asks for a name, and says under the field what is wrong with it; of anything else that went wrong it says all there is to say. */
export function NameForm({ label, name: before, action, onName, onCancel }: Props) {
  const { t } = useTranslation("ui");
  const [name, setName] = useState(() => before || (onCancel ? "" : draft()));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [asked, setAsked] = useState(false);
  const field = useId();
  const wanted = name.trim();

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (wanted === "" || asked) {
      return;
    }
    setAsked(true);
    const wrong = await onName(wanted);
    setAsked(false);
    setProblem(wrong);
    if (!wrong && !onCancel) {
      setName("");
      keepDraft("");
    }
  }
  return (
    <form
      className={css.form}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape" && onCancel) {
          event.stopPropagation();
          onCancel();
        }
      }}
    >
      <label htmlFor={field}>{label}</label>
      <div className={css.field}>
        <OutlinedInput
          id={field}
          fullWidth
          autoFocus={onCancel !== undefined}
          value={name}
          error={Boolean(problem?.field)}
          inputProps={{ maxLength: NAME_MAX, "aria-describedby": problem?.field ? `${field}-wrong` : undefined }}
          onChange={(event) => {
            setName(event.target.value);
            if (!onCancel) {
              keepDraft(event.target.value);
            }
            setProblem(null);
          }}
        />
        <Button type="submit" variant="contained" color="primary" disabled={wanted === ""}>
          {action}
        </Button>
        {onCancel && <Button onClick={onCancel}>{t("cancel")}</Button>}
      </div>
      {problem && !problem.field && <ProblemNote problem={problem} kept={t("kept.typed")} />}
      {problem?.field && (
        <p id={`${field}-wrong`} className={css.problem} role="alert">
          {problem.detail ?? problem.title}
        </p>
      )}
    </form>
  );
}
