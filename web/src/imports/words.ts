import type { Problem } from "../http/request";
import { i18n } from "../i18n/i18n";
import { number } from "../ui/time";
import type { Fault, Preview } from "./api";

/** A problem of a file in the words of this page, where it has some. */
export function saidInWords(title: string, problem: Problem): Problem {
  const known = `imports:problem.${problem.code}`;
  const said = i18n.exists(known)
    ? i18n.t(known as "imports:problem.file_empty", { limit: number(problem.limit ?? 0) })
    : [problem.title, problem.detail].filter(Boolean).join(" ");
  const { request_id, ...rest } = problem;
  // What is wrong with a file is nothing to report to who runs the hub.
  return { ...rest, ...(problem.status >= 500 && request_id && { request_id }), title, detail: said };
}

export function faultInWords({ code, row, limit }: Fault): string {
  const known = `imports:fault.${code}`;
  const said = { row: number(row ?? 0), limit: number(limit ?? 0) };
  return i18n.exists(known) ? i18n.t(known as "imports:fault.clash", said) : code;
}

const SEPARATORS = { ",": "comma", ";": "semicolon", "\t": "tab" } as const;
const ENCODINGS = { "utf-8": "UTF-8", "utf-16": "UTF-16", "windows-1252": "Windows-1252" };

export function sourceInWords({ source }: Preview["about"]): string {
  if (source.kind === "xlsx") {
    const { sheet, sheets } = source;
    return i18n.t(sheets > 1 ? "imports:source.sheets" : "imports:source.xlsx", { sheet, count: sheets });
  }
  const separator = SEPARATORS[source.separator as keyof typeof SEPARATORS] ?? "comma";
  return i18n.t("imports:source.csv", {
    encoding: ENCODINGS[source.encoding ?? "utf-8"],
    separator: i18n.t(`imports:source.${separator}`),
  });
}
