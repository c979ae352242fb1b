import { useEffect, useState } from "react";
import { useDispatch } from "react-redux";
import { api } from "../http/api";
import type { Problem } from "../http/request";
import type { Store } from "./store";

export interface Found {
  people: { id: number; name: string; team: { id: number; name: string } | null }[];
  teams: { id: number; name: string }[];
}

interface Answer {
  found: Found;
  problem: Problem | null;
  searching: boolean;
}

const NOTHING: Answer = { found: { people: [], teams: [] }, problem: null, searching: false };
/** Between two keys of somebody who types quickly, about; a request for each would only be aborted. */
const PAUSE_MS = 150;

const directoryApi = api.injectEndpoints({
  endpoints: (build) => ({
    directory: build.query<Found, string>({
      query: (find) => ({ path: `/api/directory?find=${encodeURIComponent(find)}` }),
      keepUnusedDataFor: 30,
    }),
  }),
});

/**
 * People and teams of that name, whom the viewer may see now. Asks when typing pauses; a request that another one has made
 * stale is aborted. Until an answer is there, the last one stays, for whoever narrows it down.
 */
export function useDirectory(text: string): Answer & { again: () => void } {
  const dispatch = useDispatch<Store["dispatch"]>();
  const [answer, setAnswer] = useState(NOTHING);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (text === "") {
      setAnswer(NOTHING);
      return undefined;
    }
    setAnswer((last) => ({ ...last, problem: null, searching: true }));
    let asked: { abort: () => void; unsubscribe: () => void } | null = null;
    let stale = false;
    const timer = setTimeout(async () => {
      const asking = dispatch(directoryApi.endpoints.directory.initiate(text, { forceRefetch: attempt > 0 }));
      asked = asking;
      const { data, error } = await asking;
      if (!stale) {
        setAnswer({ found: data ?? NOTHING.found, problem: (error as Problem) ?? null, searching: false });
      }
    }, PAUSE_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
      asked?.abort();
      asked?.unsubscribe();
    };
  }, [dispatch, text, attempt]);

  return { ...answer, again: () => setAttempt(attempt + 1) };
}
