import { api } from "../http/api";

export interface Passkey {
  id: number;
  name: string;
  created_at: string;
  used_at: string | null;
}

/** What somebody signs in with. */
export interface Factors {
  password: boolean;
  /** When the authenticator was set up; `null`: there is none. */
  totp_since: string | null;
  passkeys: Passkey[];
  recovery_codes_left: number;
}

export type Proof = { password: string } | { code: string };

/** Recovery codes stand in for a factor: there are none without. */
export function hasFactor({ totp_since, passkeys }: Factors): boolean {
  return totp_since !== null || passkeys.length > 0;
}

const factorsApi = api.injectEndpoints({
  endpoints: (build) => ({
    factors: build.query<Factors, void>({ query: () => ({ path: "/api/me/factors" }), providesTags: ["Factors"] }),
    prove: build.mutation<null, Proof>({ query: (body) => ({ path: "/api/session/proof", method: "POST", body }) }),
    passkeyOptions: build.mutation<object, void>({
      query: () => ({ path: "/api/session/passkey/options", method: "POST" }),
    }),
    provePasskey: build.mutation<null, unknown>({
      query: (credential) => ({ path: "/api/session/proof/passkey", method: "POST", body: { credential } }),
    }),
  }),
});

export const { useFactorsQuery, useProveMutation, usePasskeyOptionsMutation, useProvePasskeyMutation } = factorsApi;
