import { api } from "../http/api";
import type { About, AboutForm } from "../profile/api";

export interface TotpSetup {
  /** A picture, as a data address. */
  qr: string;
  secret: string;
}

export interface Codes {
  /** Shown this once; empty when those of before still serve. */
  recovery_codes: string[];
}

export interface Session {
  id: string;
  started_at: string;
  seen_at: string;
  /** As it names itself. */
  browser: string;
  address: string;
  /** The one that asks. */
  this: boolean;
}

/** Whoever holds one must have a second factor; `employee` is everybody. */
export const FACTOR_ROLES = ["employee", "manager", "admin", "auditor", "representative"] as const;
export type FactorRole = (typeof FACTOR_ROLES)[number];

/** The roles whose holders must have a second factor, and the version of the organisation's settings. */
export interface Required {
  roles: FactorRole[];
  version: number;
}

const accountApi = api.enhanceEndpoints({ addTagTypes: ["Profile"] }).injectEndpoints({
  endpoints: (build) => ({
    profile: build.query<About, void>({ query: () => ({ path: "/api/me/profile" }), providesTags: ["Profile"] }),
    changeProfile: build.mutation<About, Omit<AboutForm, "email">>({
      query: (body) => ({ path: "/api/me/profile", method: "PUT", body }),
      // Shown before the form lets go of what was typed.
      async onQueryStarted(_, { dispatch, queryFulfilled }) {
        const answer = await queryFulfilled.catch(() => null);
        if (answer) {
          dispatch(accountApi.util.updateQueryData("profile", undefined, () => answer.data));
        }
      },
      // When it was refused, what is there now is to be shown.
      invalidatesTags: (_, error) => [error ? "Profile" : "Me"],
    }),
    beginTotp: build.mutation<TotpSetup, void>({ query: () => ({ path: "/api/me/totp", method: "POST" }) }),
    confirmTotp: build.mutation<Codes, string>({
      query: (code) => ({ path: "/api/me/totp/confirm", method: "POST", body: { code } }),
      invalidatesTags: ["Factors"],
    }),
    removeTotp: build.mutation<null, void>({
      query: () => ({ path: "/api/me/totp", method: "DELETE" }),
      invalidatesTags: ["Factors"],
    }),
    passkeyForm: build.mutation<object, void>({ query: () => ({ path: "/api/me/passkeys/options", method: "POST" }) }),
    addPasskey: build.mutation<Codes, { credential: unknown; name: string }>({
      query: (body) => ({ path: "/api/me/passkeys", method: "POST", body }),
      invalidatesTags: ["Factors"],
    }),
    removePasskey: build.mutation<null, number>({
      query: (id) => ({ path: `/api/me/passkeys/${id}`, method: "DELETE" }),
      invalidatesTags: ["Factors"],
    }),
    disconnect: build.mutation<null, void>({
      query: () => ({ path: "/api/me/identity", method: "DELETE" }),
      invalidatesTags: ["Factors"],
    }),
    sessions: build.query<Session[], void>({ query: () => ({ path: "/api/me/sessions" }), providesTags: ["Session"] }),
    endSession: build.mutation<null, string | null>({
      query: (id) => ({ path: id ? `/api/me/sessions/${id}` : "/api/me/sessions", method: "DELETE" }),
      invalidatesTags: ["Session"],
    }),
    required: build.query<Required, void>({ query: () => ({ path: "/api/organisation/factors" }) }),
    setRequired: build.mutation<Required, Required>({
      query: (body) => ({ path: "/api/organisation/factors", method: "PUT", body }),
      async onQueryStarted(_, { dispatch, queryFulfilled }) {
        const { data } = await queryFulfilled.catch(() => ({ data: null }));
        if (data) {
          dispatch(accountApi.util.upsertQueryData("required", undefined, data));
        } else {
          // Another admin may have been first.
          dispatch(accountApi.endpoints.required.initiate(undefined, { forceRefetch: true, subscribe: false }));
        }
      },
    }),
    makeCodes: build.mutation<Codes, void>({
      query: () => ({ path: "/api/me/recovery-codes", method: "POST" }),
      invalidatesTags: ["Factors"],
    }),
    changePassword: build.mutation<null, { password: string; current?: string }>({
      query: (body) => ({ path: "/api/me/password", method: "PUT", body }),
      invalidatesTags: ["Factors", "Session"],
    }),
  }),
});

export const {
  useProfileQuery,
  useChangeProfileMutation,
  useBeginTotpMutation,
  useConfirmTotpMutation,
  useRemoveTotpMutation,
  usePasskeyFormMutation,
  useAddPasskeyMutation,
  useRemovePasskeyMutation,
  useDisconnectMutation,
  useSessionsQuery,
  useEndSessionMutation,
  useRequiredQuery,
  useSetRequiredMutation,
  useMakeCodesMutation,
  useChangePasswordMutation,
} = accountApi;
