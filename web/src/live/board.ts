/**
 * Everybody who is shown, judged at one moment. Brought up to date by what changed and by what time alone changes, so that a wall of
 * thousands costs what its changes cost: who is the same is told by identity, and each entry knows when it has to be judged again.
 */

import { fold } from "../ui/fold";
import type { State } from "../ui/StateMark";
import type { Tile } from "../wire.gen";
import { attentionOf } from "./attention";
import { compareNames } from "./names";
import type { Team } from "./slice";
import { type Entry, judge, STATES } from "./wall";

interface Kept extends Entry {
  dueMs: number;
  /** What is searched, folded; made when it is first asked for. */
  needle: string | null;
}

export class Board {
  readonly people: ReadonlyMap<number, Entry>;
  readonly teams = new Map<number, { id: number; name: string; parent: number | null; people: number[] }>();
  /** Of everybody, whatever is filtered, but those who are restricted: nobody knows in what state they are. */
  readonly counts: Record<State, number>;
  restricted = 0;
  attention = 0;
  /** Raised with every change of anybody. */
  version = 0;
  /** Raised when somebody came, went, moved or was renamed. */
  membership = 0;
  /** Where everybody stands by name; made when it is first asked for, and anew after a change of membership. */
  private places = new Map<number, number>();
  private placedAt = -1;
  private readonly kept = new Map<number, Kept>();
  private readonly taken = new Map<number, Team>();
  private atMs = 0;
  private nextDueMs = Infinity;

  constructor() {
    this.people = this.kept;
    this.counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
  }

  /** Brings all up to date with `teams` at hub time `atMs`. True when anything is another than before. */
  update(teams: readonly Team[], atMs: number): boolean {
    const { version } = this;
    this.tick(atMs);
    this.forget(teams);
    for (const team of teams) {
      if (this.taken.get(team.id) !== team) {
        this.take(team);
        this.taken.set(team.id, team);
      }
    }
    return this.version !== version;
  }

  /** Whether what is known of somebody holds this text: name, team, app, site or title. `wanted` is folded. */
  mentions(person: number, wanted: string): boolean {
    const entry = this.kept.get(person);
    if (!entry) {
      return false;
    }
    if (entry.needle === null) {
      const { app, site, title } = entry.tile.facts ?? {};
      entry.needle = fold([entry.tile.name, this.teams.get(entry.team)?.name, app, site, title].join("\n"));
    }
    return entry.needle.includes(wanted);
  }

  /** Orders people by name, in all teams together. Comparing places, not names, makes sorting thousands 20 times as fast. */
  placeOf(person: number): number {
    if (this.placedAt !== this.membership) {
      this.placedAt = this.membership;
      const ordered = [...this.teams.values()].flatMap(({ people }) => people); // each of them by name already
      const nameOf = (each: number) => this.kept.get(each)?.tile.name ?? "";
      ordered.sort((one, other) => compareNames(nameOf(one), nameOf(other)) || one - other);
      this.places = new Map(ordered.map((each, place) => [each, place]));
    }
    return this.places.get(person) ?? Infinity;
  }

  private tick(atMs: number): void {
    const before = this.atMs;
    this.atMs = atMs;
    const steppedBack = atMs < before;
    if (!steppedBack && atMs < this.nextDueMs) {
      return;
    }
    this.nextDueMs = Infinity;
    for (const entry of this.kept.values()) {
      if (steppedBack || entry.dueMs <= atMs) {
        this.put(entry.tile, entry.team);
      } else {
        this.nextDueMs = Math.min(this.nextDueMs, entry.dueMs);
      }
    }
  }

  /** Teams that are gone, and those who left a team: before anybody is taken in, so that who moved is found in the new team. */
  private forget(teams: readonly Team[]): void {
    const shown = new Map(teams.map((team) => [team.id, team]));
    for (const [id, before] of this.taken) {
      const team = shown.get(id);
      if (team === before) {
        continue;
      }
      if (team?.order !== before.order) {
        for (const person of before.order) {
          if (!team?.tiles.has(person) && this.kept.get(person)?.team === id) {
            this.drop(person);
          }
        }
      }
      if (!team) {
        this.taken.delete(id);
        this.teams.delete(id);
        this.membership += 1;
      }
    }
  }

  private take(team: Team): void {
    const before = this.teams.get(team.id);
    const renamed = before?.name !== team.name;
    const parent = team.parent ?? null;
    if (renamed || before?.people !== team.order || before.parent !== parent) {
      this.teams.set(team.id, { id: team.id, name: team.name, parent, people: team.order });
      this.membership += 1;
      this.version += 1;
    }
    for (const [person, tile] of team.tiles) {
      const entry = this.kept.get(person);
      if (entry?.tile !== tile || entry.team !== team.id || renamed) {
        this.put(tile, team.id);
      }
    }
  }

  private put(tile: Tile, team: number): void {
    const { person } = tile;
    const before = this.kept.get(person);
    if (before) {
      this.count(before, -1);
    }
    const judged = judge(tile, this.atMs);
    const { attention, dueMs } = attentionOf(tile, judged, this.atMs);
    const needle = before?.tile === tile && before.team === team ? before.needle : null;
    const entry = { person, tile, team, judged, attention, dueMs, needle };
    this.kept.set(person, entry);
    this.count(entry, 1);
    this.nextDueMs = Math.min(this.nextDueMs, dueMs);
    this.version += 1;
  }

  private drop(person: number): void {
    const before = this.kept.get(person);
    if (before) {
      this.count(before, -1);
      this.kept.delete(person);
      this.version += 1;
    }
  }

  private count({ tile, judged, attention }: Entry, by: 1 | -1): void {
    if (tile.restricted) {
      this.restricted += by;
      return;
    }
    this.counts[judged.state] += by;
    this.attention += attention ? by : 0;
  }
}
