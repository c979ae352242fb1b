import { api } from "../http/api";
import type { Scope } from "../tokens/scopes";

export interface Token {
  id: number;
  name: string;
  /** Its last characters. */
  ends_with: string;
  scopes: Scope[];
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface NewToken {
  token: Token;
  /** Shown this once. */
  secret: string;
}

const tokensApi = api.injectEndpoints({
  endpoints: (build) => ({
    tokens: build.query<Token[], void>({ query: () => ({ path: "/api/me/tokens" }), providesTags: ["Token"] }),
    makeToken: build.mutation<NewToken, { name: string; scopes: Scope[]; days: number }>({
      query: (body) => ({ path: "/api/me/tokens", method: "POST", body }),
      invalidatesTags: ["Token"],
    }),
    revokeToken: build.mutation<null, number>({
      query: (id) => ({ path: `/api/me/tokens/${id}`, method: "DELETE" }),
      invalidatesTags: ["Token"],
    }),
  }),
});

export const { useTokensQuery, useMakeTokenMutation, useRevokeTokenMutation } = tokensApi;
