import { api } from "../http/api";

/** What somebody signs in with. */
export interface Factors {
  password: boolean;
  /** When the authenticator was set up; `null`: there is none. */
  totp_since: string | null;
  recovery_codes_left: number;
}

export type Proof = { password: string } | { code: string };

const factorsApi = api.injectEndpoints({
  endpoints: (build) => ({
    factors: build.query<Factors, void>({ query: () => ({ path: "/api/me/factors" }), providesTags: ["Factors"] }),
    prove: build.mutation<null, Proof>({ query: (body) => ({ path: "/api/session/proof", method: "POST", body }) }),
  }),
});

export const { useFactorsQuery, useProveMutation } = factorsApi;
