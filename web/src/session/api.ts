import { api } from "../http/api";
import type { Language } from "../i18n/i18n";

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
    /** Of the settings: a change of them names it. */
    version: number;
  };
  /** Home team. */
  team: { id: number; name: string } | null;
  /** Whether any team is theirs to see. */
  manages: boolean;
  /** Whether a device of theirs is enrolled, and not revoked. */
  device: boolean;
  /** The language that they have set for themselves. */
  locale?: Language;
  /** Before anything else a second factor has to be set up: their role must have one. */
  factor_wanted?: boolean;
  /** A policy that widens theirs waits for their acknowledgement. */
  policy_waits?: boolean;
  /** A higher ceiling waits for this representative's signature. */
  ceiling_waits?: boolean;
  /** Requests about data that this admin may answer, and the last day for the first of them. */
  requests_wait?: number;
  requests_due_on?: string;
}

/** What the second step may be answered with. */
export type Kind = "totp" | "passkey" | "recovery";

export interface SecondStep {
  second_step: Kind[];
}

export const sessionApi = api.injectEndpoints({
  endpoints: (build) => ({
    me: build.query<Me, void>({ query: () => ({ path: "/api/me" }), providesTags: ["Me"] }),
    signIn: build.mutation<Me | SecondStep, { email: string; password: string }>({
      query: (body) => ({ path: "/api/session", method: "POST", body }),
      onQueryStarted: signedIn,
    }),
    answer: build.mutation<Me, string>({
      query: (code) => ({ path: "/api/session/second-step", method: "POST", body: { code } }),
      onQueryStarted: signedIn,
    }),
    signInPasskey: build.mutation<Me, unknown>({
      query: (credential) => ({ path: "/api/session/passkey", method: "POST", body: { credential } }),
      onQueryStarted: signedIn,
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

/** The answer to a sign-in says who it is: that isn't asked for once more. */
async function signedIn(
  _: unknown,
  call: { dispatch: (known: never) => unknown; queryFulfilled: Promise<{ data: Me | SecondStep }> },
): Promise<void> {
  const answer = await call.queryFulfilled.catch(() => null); // Its form says why not.
  if (answer && "id" in answer.data) {
    call.dispatch(sessionApi.util.upsertQueryData("me", undefined, answer.data) as never);
  }
}

export const { useSignInMutation, useAnswerMutation, useSignInPasskeyMutation } = sessionApi;

/** The same wherever it is asked for: the shell tells when it failed. */
export function useSignOut() {
  return sessionApi.useSignOutMutation({ fixedCacheKey: "out" });
}
