import { memo } from "react";
import { useTranslation } from "react-i18next";
import { StateMark } from "../ui/StateMark";
import css from "./PeopleTable.module.css";
import type { Row } from "./wall";

interface Props extends Row {
  index: number;
  edge: string;
  height: number;
}

/** One person. Drawn again only when a word of it changes: most seconds, nothing does. */
export const PersonRow = memo(function PersonRow(props: Props) {
  const { t } = useTranslation("live");
  const { person, name, state, what, detail, held, age, today, expected, done, simulated, index, edge, height } = props;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={css.row}
      data-person={person}
      data-state={state}
      data-edge={edge}
      style={{ height }}
    >
      <span role="cell" data-cell="state">
        <StateMark state={state} />
      </span>
      <span role="cell" data-cell="name" title={name}>
        {name}
        {simulated && <span className={css.simulated}> {t("simulated")}</span>}
      </span>
      <span role="cell" data-cell="app" title={[what, detail].filter(Boolean).join(" · ")}>
        {what}
        {detail && <span className={css.detail}>{what ? ` · ${detail}` : detail}</span>}
      </span>
      <span role="cell" data-cell="for">
        {held}
      </span>
      <span role="cell" data-cell="today" title={expected && t("workday", { today, expected })}>
        {today}
        {done !== null && (
          <span className={css.done} aria-hidden>
            <i style={{ inlineSize: `${done}%` }} />
          </span>
        )}
      </span>
      <span role="cell" data-cell="age">
        {age}
      </span>
    </div>
  );
});
