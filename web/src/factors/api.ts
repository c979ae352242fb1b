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
  /** When who one is at the provider was connected; `null`: it is not. */
  sign_on_since: string | null;
}

/** The provider is gone to for a session, for a fresh proof, or to connect who one is there; `next` is come back to. */
export interface Away {
  to: "/api/sign-on" | "/api/session/proof/sign-on" | "/api/me/identity";
  next: string;
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
    ways: build.query<{ oidc: string | null }, void>({ query: () => ({ path: "/api/sign-on" }) }),
    leave: build.mutation<{ address: string }, Away>({
      query: ({ to, next }) => ({ path: to, method: "POST", body: { next } }),
    }),
    provePasskey: build.mutation<null, unknown>({
      query: (credential) => ({ path: "/api/session/proof/passkey", method: "POST", body: { credential } }),
    }),
  }),
});

export const {
  useFactorsQuery,
  useProveMutation,
  usePasskeyOptionsMutation,
  useProvePasskeyMutation,
  useWaysQuery,
  useLeaveMutation,
} = factorsApi;
