/** Tables as files. Here as CSV (RFC 4180), safe to open in a spreadsheet; `xlsx.ts` is loaded when it is asked for. */

export type Cell = string | number | null | undefined;

/** Excel takes a file without it for one in an old code page. */
const BYTE_ORDER_MARK = "\ufeff";

export function csvOf(head: string[], rows: Cell[][]): string {
  return BYTE_ORDER_MARK + [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

/** What begins like a formula gets a quote in front, so that no spreadsheet reckons with what somebody named a device. */
function cell(value: Cell): string {
  if (typeof value === "number") {
    return String(value);
  }
  const text = value ?? "";
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

export interface Table {
  head: string[];
  rows: Cell[][];
}

/** What a table can be taken along as. */
export const KINDS = ["csv", "xlsx"] as const;
export type Kind = (typeof KINDS)[number];

/** Has the browser save a table; `name` is without its ending. */
export async function saveTable(kind: Kind, name: string, { head, rows }: Table): Promise<void> {
  if (kind === "csv") {
    save(csvOf(head, rows), `${name}.csv`);
  } else {
    const { xlsxOf } = await import("./xlsx");
    const made = xlsxOf(head, rows);
    save(made, `${name}.xlsx`, made.type);
  }
}

/** Has the browser save a file. */
export function save(text: BlobPart, name: string, type = "text/csv;charset=utf-8"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
