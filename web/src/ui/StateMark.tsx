import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Icon, type IconName } from "./Icon";
import css from "./StateMark.module.css";

export type State = "active" | "passive" | "idle" | "locked" | "break" | "private" | "offline" | "unknown";

interface Props {
  state: State;
  /** It is not told: somebody is restricted. */
  restricted?: boolean;
}

/** A state, told by outline, word and colour. */
export const StateMark = memo(function StateMark({ state, restricted = false }: Props) {
  const { t } = useTranslation();
  const icon: IconName = state === "unknown" ? "stale" : state;
  return (
    <span className={`${css.state} s-${state}`}>
      <Icon name={icon} size={14} className={css.icon} />
      {t(restricted ? "state.restricted" : `state.${state}`)}
    </span>
  );
});
