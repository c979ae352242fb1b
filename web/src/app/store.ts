import { combineReducers, configureStore, type UnknownAction } from "@reduxjs/toolkit";
import { api } from "../http/api";
import { liveSlice } from "../live/slice";
import { sessionSlice } from "../session/slice";

const reducer = combineReducers({
  [sessionSlice.name]: sessionSlice.reducer,
  [liveSlice.name]: liveSlice.reducer,
  [api.reducerPath]: api.reducer,
});

export type RootState = ReturnType<typeof reducer>;

/** Whoever signs in next on this browser finds nothing of the last one's: what was seen goes with the session. */
function forgetting(state: RootState | undefined, action: UnknownAction): RootState {
  const next = reducer(state, action);
  if (state?.session.status === "in" && next.session.status === "out") {
    return { ...next, live: liveSlice.getInitialState() };
  }
  return next;
}

export function makeStore() {
  return configureStore({
    reducer: forgetting,
    // Off: they walk the whole state, thousands of tiles, at every frame of the live socket.
    middleware: (defaults) => defaults({ serializableCheck: false, immutableCheck: false }).concat(api.middleware),
  });
}

export type Store = ReturnType<typeof makeStore>;
