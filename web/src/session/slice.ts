import { createSlice, isRejectedWithValue } from "@reduxjs/toolkit";
import type { Problem } from "../http/request";
import { type Me, sessionApi } from "./api";

export type Session =
  | { status: "checking" }
  | { status: "unreached"; problem: Problem }
  | { status: "in"; me: Me }
  /** `ended`: the hub ended it (expiry, sign-out elsewhere, a changed role), not this person here. */
  | { status: "out"; ended: boolean };

const { me, signOut } = sessionApi.endpoints;

/** Who is signed in. Any 401 ends the session here, whichever call met it. */
export const sessionSlice = createSlice({
  name: "session",
  initialState: { status: "checking" } as Session,
  reducers: {
    sessionEnded: (): Session => ({ status: "out", ended: true }),
  },
  extraReducers: (build) => {
    build
      .addMatcher(me.matchFulfilled, (_, { payload }): Session => ({ status: "in", me: payload }))
      .addMatcher(signOut.matchFulfilled, (): Session => ({ status: "out", ended: false }))
      .addMatcher(isRejectedWithValue, (session, { payload }): Session => {
        const problem = payload as Problem;
        if (problem.status === 401) {
          return session.status === "out" ? session : { status: "out", ended: session.status === "in" };
        }
        return session.status === "checking" || session.status === "unreached"
          ? { status: "unreached", problem }
          : session;
      });
  },
});

export const { sessionEnded } = sessionSlice.actions;
