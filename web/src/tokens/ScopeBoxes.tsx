import { useTranslation } from "react-i18next";
import "../i18n/en/tokens";
import { FieldWords } from "../forms/Field";
import css from "./Boxes.module.css";
import { SCOPES, type Scope, wordOf } from "./scopes";

interface Props {
  id: string;
  chosen: readonly Scope[];
  error?: string | null;
  onChoose: (scopes: Scope[]) => void;
}

/** What a token may, each with what that means. */
export function ScopeBoxes({ id, chosen, error, onChoose }: Props) {
  const { t } = useTranslation("tokens");
  return (
    <fieldset className={css.boxes} id={id} tabIndex={-1}>
      <legend>{t("scopes.title")}</legend>
      {SCOPES.map((scope) => (
        <label key={scope}>
          <input
            type="checkbox"
            checked={chosen.includes(scope)}
            onChange={() =>
              onChoose(SCOPES.filter((each) => (each === scope ? !chosen.includes(scope) : chosen.includes(each))))
            }
          />
          <span>
            <b>{t(`scopes.${wordOf(scope)}`)}</b>
            <span className={css.about}>{t(`scopes.${wordOf(scope)}Words`)}</span>
          </span>
        </label>
      ))}
      <FieldWords id={id} error={error} />
    </fieldset>
  );
}
