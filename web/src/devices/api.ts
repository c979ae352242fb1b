import { api } from "../http/api";

const devicesApi = api.injectEndpoints({
  endpoints: (build) => ({
    revoke: build.mutation<null, string>({
      query: (id) => ({ path: `/api/devices/${id}`, method: "DELETE" }),
      invalidatesTags: ["Device"],
    }),
  }),
});

export const { useRevokeMutation } = devicesApi;
