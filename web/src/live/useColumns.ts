import { useState } from "react";
import { type ColumnKey, columnsNamed, TABLE_COLUMNS } from "./columns";

const KEY = "daylight-live-columns";

/** Which columns the table has: those that the address names, else those that were chosen last in this browser. */
export function useColumns(
  named: ColumnKey[] | null,
  onNamed: (names: string) => void,
): [ColumnKey[], (columns: ColumnKey[]) => void] {
  const [last, setLast] = useState(stored);
  function choose(next: ColumnKey[]) {
    setLast(next);
    onNamed(next.join());
    try {
      localStorage.setItem(KEY, next.join());
    } catch {
      // Storage may be forbidden: then they are chosen again.
    }
  }
  return [named ?? last, choose];
}

function stored(): ColumnKey[] {
  try {
    const names = localStorage.getItem(KEY)?.split(",");
    return names ? columnsNamed(names) : TABLE_COLUMNS;
  } catch {
    return TABLE_COLUMNS;
  }
}
