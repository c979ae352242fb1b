/**
 * What a person has worked today: the twin of `active_today_s` in hub/wire/today.py, held to the same table of cases
 * (hub/wire/cases/today.json). Here so that the figure moves with the clock, without a message.
 */
import type { Facts, Today } from "../wire.gen";
import { ms } from "./activity";

/** Active time of the workday at `atMs`, in seconds. `facts` and `since` are the live ones; `null`: nobody is connected. */
export function activeTodayS(
  today: Today,
  facts: Facts | null,
  since: string | null | undefined,
  idleLimitS: number,
  atMs: number,
): number {
  if (atMs >= ms(today.ends_at)) {
    return 0;
  }
  const activeS = today.active_s ?? 0;
  const counted = ms(today.counted_until);
  const last = ms(facts?.last_input_at);
  if (!facts || last === null || (counted !== null && last < counted)) {
    return activeS + (today.open_s ?? 0);
  }
  const declared = facts.private || facts.on_break || facts.locked;
  const silent = atMs - last > idleLimitS * 1000;
  const startsMs = ms(today.starts_at);
  const sinceMs = ms(since) ?? last;
  const end = silent ? last : declared ? sinceMs : atMs;
  const near = counted !== null && last - counted <= idleLimitS * 1000;
  const begin = near ? counted : Math.max(counted ?? startsMs, sinceMs);
  return activeS + Math.max(0, end - Math.max(begin, startsMs)) / 1000;
}
