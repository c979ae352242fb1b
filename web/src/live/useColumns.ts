import { useState } from "react";
import { COLUMNS, type ColumnKey, TABLE_COLUMNS } from "./columns";

const KEY = "daylight-live-columns";

/** Which columns the table has in this browser. A name is always among them: it opens the person. */
export function useColumns(): [ColumnKey[], (columns: ColumnKey[]) => void] {
  const [columns, setColumns] = useState(stored);
  function choose(next: ColumnKey[]) {
    setColumns(next);
    try {
      localStorage.setItem(KEY, next.join());
    } catch {
      // Storage may be forbidden: then they are chosen again.
    }
  }
  return [columns, choose];
}

function stored(): ColumnKey[] {
  try {
    const names = localStorage.getItem(KEY)?.split(",");
    const known = COLUMNS.map(({ key }) => key).filter((key) => key === "name" || names?.includes(key));
    return names ? known : TABLE_COLUMNS;
  } catch {
    return TABLE_COLUMNS;
  }
}
