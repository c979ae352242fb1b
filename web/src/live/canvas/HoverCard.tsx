import { type RefObject, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { PaceBar } from "../../ui/PaceBar";
import { StateMark } from "../../ui/StateMark";
import { Sparkline } from "../Sparkline";
import type { Row } from "../wall";
import css from "./CanvasWall.module.css";

const APART_PX = 10;
const EDGE_PX = 8;

interface Props {
  row: Row;
  team: string;
  hour: string | undefined;
  /** The cell in the wall, in px from where its lines begin, and the wall itself. */
  cell: { x: number; y: number; size: number };
  host: RefObject<HTMLElement | null>;
  width: number;
}

/** Who stands at the pointer or the focus: beside the cell, within the window. For the eyes; a live region says the same. */
export function HoverCard({ row, team, hour, cell, host, width }: Props) {
  const { t } = useTranslation("live");
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const own = card.current;
    if (!own || !host.current) {
      return;
    }
    const after = cell.x + cell.size + APART_PX;
    const before = cell.x - own.offsetWidth - APART_PX;
    const start = after + own.offsetWidth <= width ? after : Math.max(0, before);
    const { top } = host.current.getBoundingClientRect();
    const lowest = innerHeight - top - own.offsetHeight - EDGE_PX;
    own.style.insetInlineStart = `${start}px`;
    own.style.top = `${Math.max(EDGE_PX - top, Math.min(cell.y - 12, lowest))}px`;
  });
  return (
    <div ref={card} className={css.card} aria-hidden="true">
      <span className={css.line}>
        <StateMark state={row.state} restricted={row.restricted} />
        <span className={css.dim}>{row.held}</span>
        <span className={css.age}>{row.age}</span>
      </span>
      <b className={css.name}>{row.name}</b>
      <span className={css.dim}>{team}</span>
      {row.why && <span className={css.why}>{row.why}</span>}
      <span className={css.dim}>{[row.what, row.detail].filter(Boolean).join(" · ")}</span>
      <Sparkline hour={hour} state={row.state} />
      {row.today && (
        <span className={css.line}>
          <b className={css.worked}>{row.today}</b>
          {row.byNow && <span className={css.faint}>{t("card.ofByNow", { byNow: row.byNow })}</span>}
          {row.expected && <span className={css.age}>{t("card.day", { expected: row.expected })}</span>}
        </span>
      )}
      {row.pace && <PaceBar pace={row.pace} />}
    </div>
  );
}
