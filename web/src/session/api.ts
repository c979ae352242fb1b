import { api } from "../http/api";

export type RoleName = "employee" | "manager" | "admin" | "auditor" | "representative";

export interface Me {
  id: number;
  name: string;
  email: string;
  roles: { role: RoleName; team: number | null }[];
  organisation: {
    name: string;
    zone: string;
    demo: boolean;
    /** Minutes that somebody is expected to be active for, Monday first. */
    expected_min: number[];
    /** False until an admin has gone through the set-up. */
    set_up: boolean;
  };
  /** Home team. */
  team: { id: number; name: string } | null;
  /** Whether any team is theirs to see. */
  manages: boolean;
  /** Whether a device of theirs is enrolled, and not revoked. */
  device: boolean;
  /** Before anything else a second factor has to be set up: their role must have one. */
  factor_wanted?: boolean;
}

/** What the second step may be answered with. */
export type Kind = "totp" | "passkey" | "recovery";

export interface SecondStep {
  second_step: Kind[];
}

export const sessionApi = api.injectEndpoints({
  endpoints: (build) => ({
    me: build.query<Me, void>({ query: () => ({ path: "/api/me" }) }),
    signIn: build.mutation<Me | SecondStep, { email: string; password: string }>({
      query: (body) => ({ path: "/api/session", method: "POST", body }),
    }),
    answer: build.mutation<Me, string>({
      query: (code) => ({ path: "/api/session/second-step", method: "POST", body: { code } }),
    }),
    signInPasskey: build.mutation<Me, unknown>({
      query: (credential) => ({ path: "/api/session/passkey", method: "POST", body: { credential } }),
    }),
    signOut: build.mutation<null, void>({
      query: () => ({ path: "/api/session", method: "DELETE" }),
      async onQueryStarted(_, { queryFulfilled }) {
        try {
          await queryFulfilled;
          sessionStorage.clear(); // drafts: nobody else is shown them in this tab
        } catch {
          // Still signed in, which the shell says; or storage is forbidden.
        }
      },
    }),
  }),
});

export const { useSignInMutation, useAnswerMutation, useSignInPasskeyMutation } = sessionApi;

/** The same wherever it is asked for: the shell tells when it failed. */
export function useSignOut() {
  return sessionApi.useSignOutMutation({ fixedCacheKey: "out" });
}
