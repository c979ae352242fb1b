import { memo } from "react";
import { useTranslation } from "react-i18next";
import { number, percent } from "../../ui/time";
import type { Board } from "../board";
import css from "./CanvasWall.module.css";
import type { Layout } from "./layout";
import type { Group, Shelf } from "./shelves";

interface Props {
  board: Board;
  shelves: Shelf[];
  layout: Layout;
  /** Raised when anybody changed: how many of a shelf work is counted anew. */
  version: number;
}

/** Names of shelves and groups, above and beside the cells. */
export const Heads = memo(function Heads({ board, shelves, layout }: Props) {
  const { t } = useTranslation(["live", "ui"]);
  const nameOf = useGroupName(board);
  return (
    <div aria-hidden="true">
      {shelves.map(({ key, team, groups }, at) => {
        const place = layout.shelves[at];
        if (!place) {
          return null;
        }
        const people = groups.flatMap((group) => group.people);
        const working = people.filter((person) => {
          const state = board.people.get(person)?.judged.state;
          return state === "active" || state === "passive";
        });
        const beside = layout.side > 0;
        return (
          <div
            key={key}
            className={css.shelf}
            data-first={at === 0 || undefined}
            data-beside={beside || undefined}
            style={{ top: place.y, height: place.height }}
          >
            {team !== null && (
              <div className={css.shelfName} style={{ inlineSize: beside ? layout.side - 8 : undefined }}>
                <b>{board.teams.get(team)?.name}</b>
                <span>{t("ui:people", { count: people.length })}</span>
                <span>{t("canvas.working", { share: percent(working.length / people.length) })}</span>
              </div>
            )}
          </div>
        );
      })}
      {layout.blocks.map(({ shelf, group, x, y, width, count }) => {
        const found = shelves[shelf]?.groups[group];
        return (
          found && (
            <div key={found.key} className={css.group} style={{ insetInlineStart: x, top: y, inlineSize: width }}>
              <bdi>{nameOf(found)}</bdi> {number(count)}
            </div>
          )
        );
      })}
    </div>
  );
});

export function useGroupName(board: Board): (group: Group) => string {
  const { t } = useTranslation(["live", "ui"]);
  return ({ team, section }) => {
    if (team !== null) {
      return board.teams.get(team)?.name ?? "";
    }
    if (section.kind === "attention") {
      return t("attention");
    }
    if (section.kind === "restricted") {
      return t("ui:state.restricted");
    }
    return section.state === null ? t("all") : t(`ui:state.${section.state}`);
  };
}
