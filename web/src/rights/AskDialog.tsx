import OutlinedInput from "@mui/material/OutlinedInput";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import { Field } from "../forms/Field";
import type { Problem } from "../http/request";
import { Toggles } from "../ui/Toggles";
import { type Kind, useAskAboutMeMutation } from "./api";
import { FormDialog } from "./FormDialog";
import css from "./Rights.module.css";
import { WordsBox } from "./WordsBox";

const EMPTY = { wrong: "", wanted: "", which: "all" as "all" | "days", first: "", last: "" };

/**
 * Asks for something: of a correction what is wrong and what is right, of an erasure whether of everything or of which days, of the others
 * why, if somebody wants to say it.
 */
export function AskDialog({ kind, me, onClose }: { kind: Kind; me: number; onClose: () => void }) {
  const { t } = useTranslation("rights");
  const { draft, put, drop } = useDraft(`daylight-request-${me}-${kind}`, EMPTY);
  const [ask, { isLoading, error }] = useAskAboutMeMutation();
  const id = useId();
  const corrects = kind === "correct";
  const ofDays = kind === "erase" && draft.which === "days";
  const { wrong, wanted, which, first, last } = draft;
  const ready = corrects
    ? wrong.trim() !== "" && wanted.trim() !== ""
    : !ofDays || (first !== "" && last !== "" && first <= last);
  async function go() {
    if (!(await ask({ kind, wrong, wanted, ...(ofDays && { first_on: first, last_on: last }) })).error) {
      drop();
      onClose();
    }
  }
  return (
    <FormDialog
      title={t(`asking.${kind}`)}
      go={t("asking.go")}
      ready={ready}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={go}
      onClose={onClose}
    >
      {kind === "erase" && (
        <div className={css.which}>
          <Toggles
            label={t("asking.which")}
            value={which}
            options={(["all", "days"] as const).map((value) => ({ value, word: t(`asking.${value}`) }))}
            onChoose={(chosen) => put({ which: chosen })}
          />
        </div>
      )}
      <p>{t(ofDays ? "asking.daysWords" : `asking.${kind}Words`)}</p>
      {ofDays && (
        <div className={css.days}>
          {(["first", "last"] as const).map((end) => (
            <Field key={end} id={`${id}-${end}`} label={t(`asking.${end}`)}>
              <OutlinedInput
                id={`${id}-${end}`}
                type="date"
                fullWidth
                value={draft[end]}
                inputProps={{ ...(end === "last" && first && { min: first }) }}
                onChange={(event) => put({ [end]: event.target.value })}
              />
            </Field>
          ))}
        </div>
      )}
      {corrects && (
        <WordsBox label={t("asking.wrong")} value={wrong} autoFocus onType={(typed) => put({ wrong: typed })} />
      )}
      <WordsBox
        label={t(corrects ? "asking.right" : "asking.why")}
        value={wanted}
        autoFocus={!corrects}
        onType={(typed) => put({ wanted: typed })}
      />
    </FormDialog>
  );
}
