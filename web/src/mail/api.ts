import { api } from "../http/api";

export interface Mail {
  id: number;
  kind: "test" | "invitation" | "reset" | "answered";
  /** Whom it is for, by name. */
  name: string;
  state: "queued" | "handed" | "sent" | "refused" | "failed" | "unclear" | "void";
  attempts: number;
  /** A code of SMTP, or the name of an error. */
  error: string;
  queued_at: string;
  /** When it is tried next. */
  due_at: string | null;
  ended_at: string | null;
  /** Whether it can be sent again. */
  again: boolean;
}

export interface Outgoing {
  /** None where no mail is set up. */
  server: string | null;
  sender: string;
  /** Newest first. */
  mails: Mail[];
}

const mailApi = api.injectEndpoints({
  endpoints: (build) => ({
    mail: build.query<Outgoing, void>({ query: () => ({ path: "/api/mail" }), providesTags: ["Mail"] }),
    tryMail: build.mutation<null, void>({
      query: () => ({ path: "/api/mail/test", method: "POST" }),
      invalidatesTags: ["Mail"],
    }),
    sendAgain: build.mutation<null, number>({
      query: (id) => ({ path: `/api/mail/${id}/again`, method: "POST" }),
      invalidatesTags: ["Mail"],
    }),
  }),
});

export const { useMailQuery, useTryMailMutation, useSendAgainMutation } = mailApi;
