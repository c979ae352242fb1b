import { api } from "./api";

/** That a list is being saved as a file: an act in the audit, said before the file is made. */
const exportsApi = api.injectEndpoints({
  endpoints: (build) => ({
    noteExport: build.mutation<null, "people" | "devices" | "audit">({
      query: (of) => ({ path: "/api/exports", method: "POST", body: { of } }),
    }),
  }),
});

export const { useNoteExportMutation } = exportsApi;
