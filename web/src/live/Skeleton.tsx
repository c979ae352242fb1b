import css from "./Skeleton.module.css";

/** The page's outline until the first snapshot is whole. */
export function Skeleton() {
  return (
    <div className={css.skeleton} role="status" aria-label="Loading the people of your teams">
      <div className={css.counts} />
      <div className={css.find} />
      {["90px", "64px"].map((width) => (
        <div key={width}>
          <div className={css.name} style={{ width }} />
          <div className={css.sheet} />
        </div>
      ))}
    </div>
  );
}
