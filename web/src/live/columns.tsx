/** What the rows and the table say of each person, column by column. */
import type { ReactNode } from "react";
import { i18n } from "../i18n/i18n";
import { PaceBar } from "../ui/PaceBar";
import { StateMark } from "../ui/StateMark";
import type { Sort } from "./arrange";
import css from "./PeopleTable.module.css";
import { Sparkline } from "./Sparkline";
import { What } from "./What";
import type { Row } from "./wall";

export interface Drawn extends Row {
  team: string;
  hour: string | undefined;
  mixed: boolean;
}

export type ColumnKey = "state" | "name" | "team" | "why" | "app" | "for" | "hour" | "today" | "expected" | "age";

export interface Column {
  key: ColumnKey;
  /** In the grid; the least of it is less where there is little room. */
  width: string;
  sort?: Sort;
  end?: boolean;
  cell: (row: Drawn, simulated: string) => ReactNode;
  /** In a file. */
  text: (row: Row & { team: string }) => string;
}

export const COLUMNS: Column[] = [
  {
    key: "state",
    width: "92px",
    sort: "state",
    cell: ({ state, restricted }) => <StateMark state={state} restricted={restricted} />,
    text: ({ state, restricted }) => i18n.t(restricted ? "ui:state.restricted" : `ui:state.${state}`),
  },
  {
    key: "name",
    width: "minmax(var(--least-name, 140px), 1.1fr)",
    sort: "name",
    cell: ({ name, simulated, mixed }, word) => (
      <>
        {name}
        {mixed && simulated && <span className={css.simulated}> {word}</span>}
      </>
    ),
    text: ({ name }) => name,
  },
  {
    key: "team",
    width: "minmax(var(--least-team, 90px), .8fr)",
    sort: "team",
    cell: ({ team }) => team,
    text: ({ team }) => team,
  },
  {
    key: "app",
    sort: "app",
    width: "minmax(var(--least-app, 140px), 1.7fr)",
    cell: ({ what, app, detail, why }) => (
      <>
        {why && <span className={css.why}>{why}</span>}
        {why && what ? " · " : ""}
        <What what={what} app={app} />
        {detail && <span className={css.detail}>{what ? ` · ${detail}` : detail}</span>}
      </>
    ),
    text: ({ what, detail }) => [what, detail].filter(Boolean).join(" · "),
  },
  {
    key: "why",
    sort: "attention",
    width: "minmax(var(--least-why, 110px), .9fr)",
    cell: ({ why }) => <span className={css.why}>{why}</span>,
    text: ({ why }) => why,
  },
  { key: "for", width: "68px", sort: "longest", end: true, cell: ({ held }) => held, text: ({ held }) => held },
  {
    key: "hour",
    width: "minmax(var(--least-hour, 132px), .8fr)",
    cell: ({ hour, state }) => <Sparkline hour={hour} state={state} />,
    text: () => "",
  },
  {
    key: "today",
    width: "minmax(var(--least-today, 156px), .9fr)",
    sort: "today",
    cell: ({ today, pace }) => (
      <span className={css.today}>
        {today}
        {pace && <PaceBar pace={pace} />}
      </span>
    ),
    text: ({ today }) => today,
  },
  {
    key: "expected",
    width: "76px",
    sort: "expected",
    end: true,
    cell: ({ expected }) => expected,
    text: ({ expected }) => expected,
  },
  { key: "age", width: "56px", sort: "age", end: true, cell: ({ age }) => age, text: ({ age }) => age },
];

/** What the rows show, with whose they are where no heading says it; the table begins with the same and more. */
export const ROW_COLUMNS: ColumnKey[] = ["state", "name", "app", "for", "hour", "today", "age"];
export const ROW_COLUMNS_OF_MANY_TEAMS = turned(ROW_COLUMNS, "team");
export const TABLE_COLUMNS: ColumnKey[] = ["state", "name", "team", "app", "for", "today", "expected", "age"];

export function columnsOf(keys: ColumnKey[]): Column[] {
  return COLUMNS.filter((column) => keys.includes(column.key));
}

/** Those of these names that there are, in their order. A name is always among them: it opens the person. */
export function columnsNamed(names: string[]): ColumnKey[] {
  return COLUMNS.map(({ key }) => key).filter((key) => key === "name" || names.includes(key));
}

/** The chosen columns with this one on or off, in their order. */
export function turned(keys: ColumnKey[], key: ColumnKey): ColumnKey[] {
  const on = keys.includes(key);
  return COLUMNS.map((column) => column.key).filter((each) => (each === key ? !on : keys.includes(each)));
}
