/** A day of somebody as the hub tells it: Alice looks at Ben in Kolkata at 14:32 in Warsaw, on Tuesday the 3rd of March 2026. */
import type { Day, Stretch } from "../day/api";

export const NOW_MS = Date.parse("2026-03-03T13:32:00Z");

const minutes = (from: number, to: number) => ({
  started_at: new Date(NOW_MS + from * 60_000).toISOString(),
  ended_at: new Date(NOW_MS + to * 60_000).toISOString(),
});

export function was(from: number, to: number, said: Partial<Stretch>): Stretch {
  return { ...minutes(from, to), state: "active", reason: "input", app: null, site: null, device: "0b2f", ...said };
}

export function dayOf(changes: Partial<Day> = {}): Day {
  return {
    person: { id: 7, name: "Ben Rao", zone: "Asia/Kolkata", team: { id: 1, name: "Payments" }, working_hours: null },
    own: false,
    looked_at: "2026-03-03T13:31:58Z",
    read_at: new Date(NOW_MS).toISOString(),
    from_at: "2026-03-02T18:30:00Z",
    until_at: "2026-03-03T13:31:00Z",
    today: {
      starts_at: "2026-03-02T18:30:00Z",
      ends_at: "2026-03-03T18:30:00Z",
      active_s: 4 * 3600 + 51 * 60,
      expected_s: 8 * 3600,
      states: { active: 17_460, passive: 2_760, idle: 900, locked: 20 },
    },
    hour: [
      was(-60, -40, { app: "VS Code" }),
      was(-40, -35, { app: "Slack" }),
      was(-35, -26, { state: "locked", reason: "lock" }),
      was(-20, -8, { state: "passive", reason: "call", app: "Meet" }),
      was(-8, -1, { state: "idle", reason: "silence", app: "Meet" }),
    ],
    apps: [
      { app: "VS Code", site: null, active_s: 7_320, passive_s: 0 },
      { app: "Meet", site: null, active_s: 60, passive_s: 2_700 },
    ],
    apps_rest_s: 720,
    devices: [
      {
        id: "0b2f",
        name: "ben-laptop",
        system: "Linux",
        version: "0.1.0",
        last_seen_at: "2026-03-03T13:31:40Z",
        enrolled_at: "2026-01-02T08:00:00Z",
        simulated: true,
      },
    ],
    collected: { policy_version: 3, apps: true, sites: false, titles: false, counts: false, idle_limit_s: 300 },
    ...changes,
  };
}
