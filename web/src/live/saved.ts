/** Views that somebody keeps under names of their own: what stands behind the `?` of the wall's address. */
import { api } from "../http/api";

export interface SavedView {
  id: number;
  name: string;
  query: string;
}

type Form = Pick<SavedView, "name" | "query">;

const savedApi = api.enhanceEndpoints({ addTagTypes: ["View"] }).injectEndpoints({
  endpoints: (build) => ({
    views: build.query<SavedView[], void>({ query: () => ({ path: "/api/views" }), providesTags: ["View"] }),
    saveView: build.mutation<SavedView, Form>({
      query: (body) => ({ path: "/api/views", method: "POST", body }),
      invalidatesTags: ["View"],
    }),
    renameView: build.mutation<SavedView, SavedView>({
      query: ({ id, ...body }) => ({ path: `/api/views/${id}`, method: "PUT", body }),
      invalidatesTags: ["View"],
    }),
    deleteView: build.mutation<null, SavedView>({
      query: ({ id }) => ({ path: `/api/views/${id}`, method: "DELETE" }),
      invalidatesTags: ["View"],
    }),
  }),
});

export const { useViewsQuery, useSaveViewMutation, useRenameViewMutation, useDeleteViewMutation } = savedApi;
