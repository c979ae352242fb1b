import { api } from "../http/api";

export type Kind = "correct" | "restrict" | "erase";
export type State = "open" | "accepted" | "declined" | "withdrawn";

export interface Request {
  id: number;
  kind: Kind;
  /** What is not right, and what is; or why. */
  wrong: string;
  wanted: string;
  /** The days that are to be erased, as `2026-05-04`; null: everything is. */
  first_on: string | null;
  last_on: string | null;
  asked_at: string;
  /** The last day for an answer, as `2026-05-04`. */
  due_on: string;
  /** Why that was put off; empty where it was not. */
  extended_reason: string;
  state: State;
  answer: string;
  decided_at: string | null;
}

export interface Asked extends Request {
  person: number;
  name: string;
  overdue: boolean;
}

/** Somebody who is restricted or under a legal hold. */
export interface Standing {
  person: number;
  name: string;
  since_at: string;
  reason: string;
}

export interface MyRights {
  requests: Request[];
  restricted_at: string | null;
  held: Standing | null;
}

export interface AllRights {
  requests: Asked[];
  open: number;
  overdue: number;
  closed: number;
  restricted: Standing[];
  held: Standing[];
  /** Mail is set up: whoever is erased is told by a last one. */
  mail: boolean;
}

/** In how many texts of others, by kind, somebody's name or address stands, and where these can be edited: nowhere, without links. */
export interface Place {
  kind:
    | "client"
    | "code"
    | "device"
    | "former_client"
    | "former_team"
    | "hold"
    | "organisation"
    | "passkey"
    | "policy"
    | "request"
    | "team"
    | "token"
    | "view";
  count: number;
  links: string[];
}

/** What an erasure came to: where the name still stands, and of how many texts it was taken out. */
export interface Left {
  left: Place[];
  emptied: number;
}

export interface Ask {
  kind: Kind;
  wrong: string;
  wanted: string;
  first_on?: string;
  last_on?: string;
}

export interface Answer {
  id: number;
  accept: boolean;
  reason: string;
  name?: string;
  empty?: boolean;
}

/** What ends, or begins, with a reason. */
export type Act = "hold" | "hold/lift" | "restriction/lift";

const rightsApi = api.enhanceEndpoints({ addTagTypes: ["Person"] }).injectEndpoints({
  endpoints: (build) => ({
    myRights: build.query<MyRights, void>({ query: () => ({ path: "/api/me/rights" }), providesTags: ["Right"] }),
    askAboutMe: build.mutation<MyRights, Ask>({
      query: (body) => ({ path: "/api/me/requests", method: "POST", body }),
      invalidatesTags: ["Right"],
    }),
    withdrawRequest: build.mutation<MyRights, number>({
      query: (id) => ({ path: `/api/me/requests/${id}`, method: "DELETE" }),
      invalidatesTags: ["Right"],
    }),
    everybodysRights: build.query<AllRights, boolean>({
      query: (closed) => ({ path: `/api/requests?closed=${closed}` }),
      providesTags: ["Right"],
    }),
    answerRequest: build.mutation<AllRights & Left, Answer>({
      query: ({ id, ...body }) => ({ path: `/api/requests/${id}/answer`, method: "POST", body }),
      invalidatesTags: ["Right", "Person", "Me"],
    }),
    extendRequest: build.mutation<AllRights, { id: number; due_on: string; reason: string }>({
      query: ({ id, ...body }) => ({ path: `/api/requests/${id}/extension`, method: "POST", body }),
      invalidatesTags: ["Right", "Me"],
    }),
    mentions: build.query<{ places: Place[] }, number>({
      query: (person) => ({ path: `/api/people/${person}/mentions` }),
    }),
    erasePerson: build.mutation<Left, { person: number; name: string; empty: boolean }>({
      query: ({ person, ...body }) => ({ path: `/api/people/${person}/erasure`, method: "POST", body }),
      invalidatesTags: ["Right", "Person", "Me"],
    }),
    actWithReason: build.mutation<null, { person: number; act: Act; reason: string }>({
      query: ({ person, act, reason }) => ({
        path: `/api/people/${person}/${act}`,
        method: act === "hold" ? "PUT" : "POST",
        body: { reason },
      }),
      invalidatesTags: ["Right"],
    }),
  }),
});

export const {
  useMyRightsQuery,
  useAskAboutMeMutation,
  useWithdrawRequestMutation,
  useEverybodysRightsQuery,
  useAnswerRequestMutation,
  useExtendRequestMutation,
  useMentionsQuery,
  useErasePersonMutation,
  useActWithReasonMutation,
} = rightsApi;
