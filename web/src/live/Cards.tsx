import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Section } from "./arrange";
import type { Board } from "./board";
import css from "./Cards.module.css";
import { PersonCard } from "./PersonCard";
import { SectionHead } from "./SectionHead";
import { useHours } from "./useHours";
import { useMixed } from "./useMixed";
import { useReach } from "./useReach";
import { VirtualLines } from "./VirtualLines";
import { type Moment, rowOf } from "./wall";

export interface PeopleProps {
  board: Board;
  sections: Section[];
  moment: Moment;
  filtered: boolean;
  selected: number | null;
  onOpen: (person: number) => void;
  /** For a screen that is read from across the room. */
  scale?: number;
}

const CARD_MIN_PX = 228;
const GAP_PX = 8;
/** Of a card, and of one that says why it stands above; with the gap below it. */
const HEIGHT = { head: 46, card: 147, above: 165 };

type Line = { section: Section } | { people: number[]; above: boolean };

/** People as cards, as many beside each other as there is room for. */
export function Cards({ board, sections, moment, filtered, selected, onOpen, scale = 1 }: PeopleProps) {
  const place = useRef<HTMLDivElement>(null);
  const columns = useColumns(place, scale);
  const lines = useMemo(() => linesOf(sections, columns), [sections, columns]);
  const rows = useMemo(() => lines.flatMap((line) => ("people" in line ? [line.people] : [])), [lines]);
  const mixed = useMixed(board);
  const hourOf = useHours(moment);
  const scaledHeightOf = useCallback((line: Line) => heightOf(line) * scale, [scale]);
  const { reached, onKeyDown, onFocus } = useReach(rows);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys and focus of the cards within
    <div ref={place} className={css.cards} onKeyDown={onKeyDown} onFocus={onFocus}>
      <VirtualLines
        lines={lines}
        keyOf={keyOf}
        heightOf={scaledHeightOf}
        stays={(line) => "people" in line && reached !== null && line.people.includes(reached)}
        draw={(line) =>
          "section" in line ? (
            <h2 className={css.head} style={{ height: HEIGHT.head, zoom: scale }}>
              <SectionHead board={board} section={line.section} filtered={filtered} />
            </h2>
          ) : (
            <ul
              className={css.line}
              style={{ height: heightOf(line), zoom: scale, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
            >
              {line.people.map((person) => {
                const entry = board.people.get(person);
                return (
                  entry && (
                    <li key={person}>
                      <PersonCard
                        {...rowOf(entry, moment)}
                        team={board.teams.get(entry.team)?.name ?? ""}
                        mixed={mixed}
                        hour={hourOf(entry)}
                        selected={person === selected}
                        reached={person === reached}
                        onOpen={onOpen}
                      />
                    </li>
                  )
                );
              })}
            </ul>
          )
        }
      />
    </div>
  );
}

function linesOf(sections: Section[], columns: number): Line[] {
  return sections.flatMap((section): Line[] => {
    const lines: Line[] = [{ section }];
    for (let at = 0; at < section.people.length; at += columns) {
      lines.push({ people: section.people.slice(at, at + columns), above: section.kind === "attention" });
    }
    return lines;
  });
}

function keyOf(line: Line): string | number {
  return "section" in line ? line.section.key : (line.people[0] ?? 0);
}

function heightOf(line: Line): number {
  return "section" in line ? HEIGHT.head : line.above ? HEIGHT.above : HEIGHT.card;
}

function useColumns(place: RefObject<HTMLDivElement | null>, scale: number): number {
  const [columns, setColumns] = useState(1);
  useLayoutEffect(() => {
    const measured = place.current;
    if (!measured) {
      return;
    }
    const measure = () => {
      const room = measured.clientWidth / scale + GAP_PX;
      setColumns(Math.max(1, Math.floor(room / (CARD_MIN_PX + GAP_PX))));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(measured);
    return () => observer.disconnect();
  }, [place, scale]);
  return columns;
}
