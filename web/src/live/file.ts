/** The table as a file: who is shown, in the order and with the columns in which they are shown. */
import { i18n } from "../i18n/i18n";
import { type Kind, saveTable } from "../ui/csv";
import type { Section } from "./arrange";
import type { Board } from "./board";
import { type ColumnKey, columnsOf } from "./columns";
import { type Entry, type Moment, rowOf, workedOf } from "./wall";

export function download(kind: Kind, board: Board, sections: Section[], keys: ColumnKey[], moment: Moment): void {
  const at = new Date(moment.hubNowMs).toISOString().slice(0, 16).replace(":", "");
  void saveTable(kind, `daylight-live-${at}`, tableOf(board, sections, keys, moment));
}

function tableOf(
  board: Board,
  sections: Section[],
  keys: ColumnKey[],
  moment: Moment,
): { head: string[]; rows: string[][] } {
  const columns = columnsOf(keys).filter(({ key }) => key !== "hour");
  const people = sections.flatMap((section) => section.people);
  return {
    head: columns.map(({ key }) => i18n.t(`live:table.${key}`)),
    rows: people.flatMap((person) => {
      const entry = board.people.get(person);
      if (!entry) {
        return [];
      }
      const row = { ...rowOf(entry, moment), team: board.teams.get(entry.team)?.name ?? "" };
      return [columns.map(({ key, text }) => duration(key, entry, moment) ?? text(row))];
    }),
  };
}

/** Durations as `4:51`, which a spreadsheet takes for hours and minutes; `null` where a column holds none. */
function duration(key: ColumnKey, { tile, judged }: Entry, { judgedAtMs }: Moment): string | null {
  switch (key) {
    case "for":
      return judged.sinceMs === null || judged.state === "unknown" ? "" : clock((judgedAtMs - judged.sinceMs) / 1000);
    case "today":
      return tile.today ? clock(workedOf(tile, judgedAtMs).activeS) : "";
    case "expected":
      return tile.today ? clock(workedOf(tile, judgedAtMs).expectedS) : "";
    default:
      return null;
  }
}

function clock(seconds: number): string {
  const min = Math.max(0, Math.floor(seconds / 60));
  return `${Math.floor(min / 60)}:${String(min % 60).padStart(2, "0")}`;
}
