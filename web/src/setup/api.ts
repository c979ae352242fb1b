import { api } from "../http/api";

export interface OrganisationChange {
  name: string;
  zone: string;
  /** Minutes, Monday first. */
  expected_min: number[];
  /** Of what was looked at. */
  version: number;
}

export interface NewTeam {
  name: string;
  /** The caller's home team from now on. */
  join: boolean;
  /** The caller is its manager from now on. */
  manage: boolean;
}

const setUpApi = api.injectEndpoints({
  endpoints: (build) => ({
    saveOrganisation: build.mutation<unknown, OrganisationChange>({
      query: (body) => ({ path: "/api/organisation", method: "PUT", body }),
    }),
    makeTeam: build.mutation<{ id: number }, NewTeam>({
      query: (body) => ({ path: "/api/teams", method: "POST", body }),
    }),
    finishSetUp: build.mutation<null, void>({ query: () => ({ path: "/api/organisation/set-up", method: "POST" }) }),
  }),
});

export const { useSaveOrganisationMutation, useMakeTeamMutation, useFinishSetUpMutation } = setUpApi;
