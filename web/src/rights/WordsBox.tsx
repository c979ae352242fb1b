import OutlinedInput from "@mui/material/OutlinedInput";
import { useId } from "react";
import { Field } from "../forms/Field";
import css from "./Rights.module.css";

interface Props {
  label: string;
  value: string;
  hint?: string;
  autoFocus?: boolean;
  onType: (value: string) => void;
}

/** As many as the hub takes. */
const WORDS_MAX = 1000;

/** A box for a few sentences. */
export function WordsBox({ label, value, hint, autoFocus = false, onType }: Props) {
  const id = useId();
  return (
    <div className={css.words}>
      <Field id={id} label={label} hint={hint}>
        <OutlinedInput
          id={id}
          fullWidth
          multiline
          minRows={2}
          maxRows={8}
          autoFocus={autoFocus}
          value={value}
          inputProps={{ maxLength: WORDS_MAX, ...(hint && { "aria-describedby": `${id}-words` }) }}
          onChange={(event) => onType(event.target.value)}
        />
      </Field>
    </div>
  );
}
