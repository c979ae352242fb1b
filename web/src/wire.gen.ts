/* Generated from docs/schema/viewer.json by `npm run gen`. Do not edit. */

/**
 * One of these, told apart by `t`: subscribe, ack.
 */
export type FromViewer = Subscribe | ViewerAck;
/**
 * One of these, told apart by `t`: teams, snapshot, delta, stale, beat.
 */
export type ToViewer = Teams | Snapshot | Delta | Stale | Beat;

/**
 * Nothing changed, and the link is well. Sent each second of silence.
 */
export interface Beat {
  t: "beat";
  now: string;
}
/**
 * What changed in a team since the last frame; `gone` have left it. Much at once comes as several, each with a later `rev`.
 */
export interface Delta {
  t: "delta";
  team: number;
  epoch: string;
  rev: number;
  now: string;
  tiles: Tile[];
  gone?: number[];
}
/**
 * One person, as the wall draws them: the facts of all their devices united. The state is decided where it is drawn.
 */
export interface Tile {
  person: number;
  name: string;
  /**
   * `live`: a device is connected. `unknown`: its hub is not heard. `offline`: no device is connected.
   */
  link?: "live" | "offline" | "unknown";
  facts?: Facts | null;
  /**
   * When the device last said something: the age of the data counts from here.
   */
  at?: string | null;
  /**
   * Since when the state has held, as the device saw it at `at`.
   */
  since_at?: string | null;
  idle_limit_s?: number;
  /**
   * The workday so far; `active_today_s` (`today.py`) adds what is not stored yet.
   */
  today?: Today | null;
  simulated?: boolean;
  /**
   * Nothing of what they do is shown, to anybody: they asked for it (GDPR, article 18).
   */
  restricted?: boolean;
}
/**
 * What a device saw. `None` for a text means: not permitted, not available, or not there.
 */
export interface Facts {
  app?: string | null;
  site?: string | null;
  title?: string | null;
  last_input_at?: string | null;
  call?: boolean;
  media?: boolean;
  presenting?: boolean;
  locked?: boolean;
  on_break?: boolean;
  private?: boolean;
}
/**
 * A person's workday so far, all their devices united.
 */
export interface Today {
  /**
   * Midnight in the person's zone; when they came into the team, where that was later.
   */
  starts_at: string;
  ends_at: string;
  /**
   * Active time in the workday up to `counted_until`, exact. The silence that was still open then is not in it.
   */
  active_s?: number;
  /**
   * What that open silence adds as long as nothing later is known: it is active if it is no longer than the limit.
   */
  open_s?: number;
  /**
   * The latest input that is stored; `None` when none is, since the workday began.
   */
  counted_until?: string | null;
  /**
   * What the person is expected to be active for in this workday; 0 on a free day, and on that on which they came from another team.
   */
  expected_s?: number;
  /**
   * The stay in the team that it was read of, as numbered in `membership`. Viewers are not told.
   */
  stay?: number;
  /**
   * When it was read, by the database's clock: between hub processes the later reading wins. Viewers are not told.
   */
  read_at?: string | null;
}
/**
 * Which teams to show; `None` for all that the viewer may see. Replaces an earlier subscription.
 */
export interface Subscribe {
  t: "subscribe";
  teams?: number[] | null;
  /**
   * People who are on the screen now: they come in the first part of their team's snapshot.
   *
   * @maxItems 1000
   */
  viewport?: number[];
}
/**
 * The newest frame of a team that was drawn; it acks all before it. The hub keeps at most twelve deltas of a team unacked.
 */
export interface ViewerAck {
  t: "ack";
  team: number;
  rev: number;
  /**
   * Of a snapshot; 0 for a delta.
   */
  part?: number;
}
/**
 * A team whole, in `parts` pieces of at most 64 KiB, in any order of people. Replaces all that is held of the team once the last
 *     piece is in; a delta of what changed meanwhile follows.
 */
export interface Snapshot {
  t: "snapshot";
  team: number;
  epoch: string;
  rev: number;
  now: string;
  part: number;
  parts: number;
  tiles: Tile[];
}
/**
 * The hub cannot vouch for what is shown since `since_at`. When it can again it says what changed, then this with `since_at` absent.
 */
export interface Stale {
  t: "stale";
  since_at?: string | null;
}
/**
 * A team that the viewer may see.
 */
export interface TeamName {
  id: number;
  name: string;
  /**
   * The team above it, where the viewer sees that one too.
   */
  parent?: number | null;
}
/**
 * Answer to `subscribe`: the teams that follow. Empty when the viewer may see nobody.
 */
export interface Teams {
  t: "teams";
  teams: TeamName[];
  now: string;
}
