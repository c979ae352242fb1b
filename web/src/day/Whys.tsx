import { useTranslation } from "react-i18next";
import { StateMark } from "../ui/StateMark";
import { Clock } from "./Clock";
import { type Piece, whysOf } from "./hour";
import { exact, gapSaid, reasonSaid } from "./said";
import css from "./Whys.module.css";

/** The last hour as a list, latest first: since when, which state, and why. To the second where a short one begins or ends. */
export function Whys({ pieces, zone }: { pieces: Piece[]; zone: string }) {
  const { t } = useTranslation("person");
  const whys = whysOf(pieces);
  return (
    <ol className={css.whys} aria-label={t("why")}>
      {whys
        .map((why, i) => ({ why, toSecond: exact(why) || exact(whys[i - 1] ?? why) }))
        .reverse()
        .map(({ why, toSecond }) => (
          <li key={why.startMs} className={css.why}>
            <span className={css.time}>
              <Clock ms={why.startMs} zone={zone} exact={toSecond} />
            </span>
            {why.kind === "gap" ? (
              <span className={css.gap}>{gapSaid(why)}</span>
            ) : (
              <>
                <StateMark state={why.state} />
                <span className={css.reason}>{reasonSaid(why, why.apps)}</span>
              </>
            )}
          </li>
        ))}
    </ol>
  );
}
