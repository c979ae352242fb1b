import { api } from "../http/api";
import type { Scope } from "../tokens/scopes";

export interface Client {
  id: number;
  /** What it calls itself. */
  client_id: string;
  name: string;
  scopes: Scope[];
  teams: { id: number; name: string }[];
  /** Those that serve, newest first. One with `ends_at` has been replaced, and serves until then. */
  secrets: { ends_with: string; created_at: string; ends_at: string | null }[];
  created_at: string;
  last_used_at: string | null;
  disabled_at: string | null;
  /** Of name, scopes and teams: a change names it. */
  version: number;
}

export interface ClientForm {
  name: string;
  scopes: Scope[];
  teams: number[];
}

export interface NewSecret {
  client: Client;
  /** Shown this once. */
  secret: string;
}

export interface Team {
  id: number;
  name: string;
  parent: number | null;
}

const clientsApi = api.injectEndpoints({
  endpoints: (build) => ({
    clients: build.query<Client[], void>({ query: () => ({ path: "/api/clients" }), providesTags: ["Client"] }),
    everyTeam: build.query<Team[], void>({ query: () => ({ path: "/api/teams" }), keepUnusedDataFor: 0 }),
    makeClient: build.mutation<NewSecret, ClientForm>({
      query: (body) => ({ path: "/api/clients", method: "POST", body }),
      invalidatesTags: ["Client"],
    }),
    changeClient: build.mutation<Client, { id: number; form: ClientForm & { version: number } }>({
      query: ({ id, form }) => ({ path: `/api/clients/${id}`, method: "PUT", body: form }),
      invalidatesTags: ["Client"],
    }),
    rotateSecret: build.mutation<NewSecret, number>({
      query: (id) => ({ path: `/api/clients/${id}/secret`, method: "POST" }),
      invalidatesTags: ["Client"],
    }),
    disableClient: build.mutation<null, number>({
      query: (id) => ({ path: `/api/clients/${id}`, method: "DELETE" }),
      invalidatesTags: ["Client"],
    }),
  }),
});

export const {
  useClientsQuery,
  useEveryTeamQuery,
  useMakeClientMutation,
  useChangeClientMutation,
  useRotateSecretMutation,
  useDisableClientMutation,
} = clientsApi;
