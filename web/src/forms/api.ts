import { api } from "../http/api";

const formsApi = api.injectEndpoints({
  endpoints: (build) => ({
    zones: build.query<string[], void>({ query: () => ({ path: "/api/zones" }), keepUnusedDataFor: 3600 }),
  }),
});

export const { useZonesQuery } = formsApi;
