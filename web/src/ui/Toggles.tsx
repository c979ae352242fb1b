import css from "./Toggles.module.css";

interface Props<Value extends string> {
  /** What is chosen here. */
  label: string;
  value: Value;
  options: readonly { value: Value; word: string; figure?: string | null; title?: string; alert?: boolean }[];
  onChoose: (value: Value) => void;
}

/** A few words side by side of which one holds; on a phone two in a row, or three if that is all. */
export function Toggles<Value extends string>({ label, value, options, onChoose }: Props<Value>) {
  return (
    <div className={css.toggles} role="group" aria-label={label}>
      {options.map((each) => (
        <button
          type="button"
          key={each.value}
          title={each.title}
          data-alert={each.alert || undefined}
          aria-pressed={value === each.value}
          onClick={() => onChoose(each.value)}
        >
          {each.word} {each.figure && <small>{each.figure}</small>}
        </button>
      ))}
    </div>
  );
}
