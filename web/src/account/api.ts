import { api } from "../http/api";

export interface TotpSetup {
  /** A picture, as a data address. */
  qr: string;
  secret: string;
}

export interface Codes {
  /** Shown this once; empty when those of before still serve. */
  recovery_codes: string[];
}

const accountApi = api.injectEndpoints({
  endpoints: (build) => ({
    beginTotp: build.mutation<TotpSetup, void>({ query: () => ({ path: "/api/me/totp", method: "POST" }) }),
    confirmTotp: build.mutation<Codes, string>({
      query: (code) => ({ path: "/api/me/totp/confirm", method: "POST", body: { code } }),
      invalidatesTags: ["Factors"],
    }),
    removeTotp: build.mutation<null, void>({
      query: () => ({ path: "/api/me/totp", method: "DELETE" }),
      invalidatesTags: ["Factors"],
    }),
    makeCodes: build.mutation<Codes, void>({
      query: () => ({ path: "/api/me/recovery-codes", method: "POST" }),
      invalidatesTags: ["Factors"],
    }),
    changePassword: build.mutation<null, { password: string; current?: string }>({
      query: (body) => ({ path: "/api/me/password", method: "PUT", body }),
      invalidatesTags: ["Factors"],
    }),
  }),
});

export const {
  useBeginTotpMutation,
  useConfirmTotpMutation,
  useRemoveTotpMutation,
  useMakeCodesMutation,
  useChangePasswordMutation,
} = accountApi;
