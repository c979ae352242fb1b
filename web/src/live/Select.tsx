import css from "./Toolbar.module.css";

interface Props<Value extends string> {
  className?: string | undefined;
  label: string;
  value: Value;
  options: [value: Value, word: string][];
  onChoose: (value: Value) => void;
  /** The pointer or the focus comes to it. */
  onNear?: () => void;
}

/** A choice with its name in front. The browser's own list: it opens as people are used to on their machine. */
export function Select<Value extends string>({ className, label, value, options, onChoose, onNear }: Props<Value>) {
  return (
    <label className={className ? `${css.select} ${className}` : css.select}>
      <span>{label}</span>
      <select
        value={value}
        onFocus={onNear}
        onPointerEnter={onNear}
        onChange={(event) => onChoose(event.target.value as Value)}
      >
        {options.map(([each, word]) => (
          <option key={each} value={each}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
