import css from "./Choice.module.css";

interface Props<Value extends string> {
  id?: string;
  className?: string | undefined;
  /** Names it where no label stands by it. */
  label?: string;
  value: Value;
  options: readonly (readonly [value: Value, word: string])[];
  onChoose: (value: Value) => void;
  described?: object;
}

/** One of several words. The browser's own list: it opens as people are used to on their machine. */
export function Choice<Value extends string>(props: Props<Value>) {
  const { id, className, label, value, options, onChoose, described } = props;
  return (
    <span className={className ? `${css.choice} ${className}` : css.choice}>
      <select
        id={id}
        aria-label={label}
        title={label}
        value={value}
        onChange={(event) => onChoose(event.target.value as Value)}
        {...described}
      >
        {options.map(([each, word]) => (
          <option key={each} value={each}>
            {word}
          </option>
        ))}
      </select>
    </span>
  );
}
