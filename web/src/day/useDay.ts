import { useState } from "react";
import "../i18n/en/person";
import type { Problem } from "../http/request";
import { type Day, useDayQuery } from "./api";

const REFRESH_MS = 60_000;

export interface DayPicture {
  /** The last picture that came; kept while newer ones fail, gone once it is not the viewer's to see. */
  day: Day | undefined;
  /** When it came, by this computer's clock. */
  atMs: number;
  /** The hub's clock less this computer's, as of then. */
  hubAheadMs: number;
  /** Why the last try failed. */
  problem: Problem | undefined;
  /** There is nobody by this number whom the viewer may see, or no longer. */
  hidden: boolean;
  /** Why the viewer looks is to be said first, also once policy wants it meanwhile: by this, which then reads the day. */
  ask: ((reason: string) => void) | undefined;
  again: () => void;
}

/** Somebody's day so far, renewed each minute. However long it stays open it is one look. */
export function useDay(person: number): DayPicture {
  const [sitting] = useState(newSitting);
  const [reason, setReason] = useState("");
  const [shut, setShut] = useState(false);
  const { currentData, fulfilledTimeStamp, error, refetch } = useDayQuery(
    { person, sitting, reason },
    { pollingInterval: shut ? 0 : REFRESH_MS }, // Each try that is refused is in the audit: one is what the person did.
  );
  const problem = error as Problem | undefined;
  const hidden = problem?.status === 404;
  const asks = problem?.code === "look_reason";
  if (shut !== (hidden || asks)) {
    setShut(hidden || asks);
  }
  const day = hidden || asks ? undefined : currentData;
  const atMs = fulfilledTimeStamp ?? 0;
  return {
    day,
    atMs,
    hubAheadMs: day ? Date.parse(day.read_at) - atMs : 0,
    problem,
    hidden,
    ask: asks ? setReason : undefined,
    again: refetch,
  };
}

/** Plain http on a local network has no `randomUUID`. */
function newSitting(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
