import { api } from "../http/api";

export const COLUMNS = ["email", "name", "team", "role", "role_team", "zone", "working_hours"] as const;
export type Column = (typeof COLUMNS)[number];
/** As a file heads them. */
export const HEADINGS: Record<Column, string> = {
  email: "e-mail",
  name: "name",
  team: "team",
  role: "role",
  role_team: "role team",
  zone: "zone",
  working_hours: "working hours",
};
export type Does = "bad" | "add" | "change" | "leave";
export const SHOWN = ["all", "bad", "moved_on", "add", "change", "leave"] as const;
export type Show = (typeof SHOWN)[number];

export interface Fault {
  code: string;
  column: Column | null;
  /** The other row that it clashes with. */
  row: number | null;
  limit: number | null;
}

export interface Row {
  /** As a spreadsheet counts it. */
  row: number;
  does: Does;
  /** As given. */
  cells: Partial<Record<Column, string>>;
  faults: Fault[];
  changes: { field: Column; old: string; new: string }[];
  /** It would do something else than when this was looked at before. */
  moved_on: boolean;
}

export interface Preview {
  id: string;
  version: number;
  expires_at: string;
  about: {
    source: {
      kind: "csv" | "xlsx";
      encoding: "utf-8" | "utf-16" | "windows-1252" | null;
      separator: string | null;
      sheet: string | null;
      sheets: number;
    };
    /** Headings that mean nothing. */
    ignored: string[];
  };
  make_teams: boolean;
  /** Teams that rows name and that are not there. */
  new_teams: string[];
  counts: Record<Does, number>;
  moved_on: number[];
  rows: Row[];
  /** Of what is shown, on all pages. */
  total: number;
  page: number;
  per_page: number;
  result: { added: number; changed: number; left: number; left_out: number; teams: number } | null;
}

/** Reading, judging and carrying out 5,000 rows takes a few seconds; an upload as long as the line. */
const LONG_MS = 120_000;
const at = (id: string) => `/api/people/imports/${encodeURIComponent(id)}`;

const importsApi = api.injectEndpoints({
  endpoints: (build) => ({
    upload: build.mutation<Preview, File>({
      query: (body) => ({ path: "/api/people/imports", method: "POST", body, limitMs: LONG_MS }),
    }),
    preview: build.query<Preview, { id: string; show: Show; page: number }>({
      query: ({ id, show, page }) => ({ path: `${at(id)}?${new URLSearchParams({ show, page: String(page) })}` }),
      providesTags: ["Import"],
    }),
    choose: build.mutation<Preview, { id: string; make_teams: boolean }>({
      query: ({ id, ...body }) => ({ path: at(id), method: "PUT", body, limitMs: LONG_MS }),
      invalidatesTags: ["Import"],
    }),
    confirm: build.mutation<Preview, { id: string; version: number; leave_out_bad: boolean }>({
      query: ({ id, ...body }) => ({ path: `${at(id)}/done`, method: "POST", body, limitMs: LONG_MS }),
      // When it was refused too: the rows are others then. One of them may be about oneself.
      invalidatesTags: (_, error) => (error ? ["Import"] : ["Import", "Me"]),
    }),
  }),
});

export const { useUploadMutation, usePreviewQuery, useLazyPreviewQuery, useChooseMutation, useConfirmMutation } =
  importsApi;
