import type { FromViewer, ToViewer } from "../wire.gen";

/** An ack costs the hub nearly as much as a frame does. The hub's beat, within 1.3 s of silence, makes the last one due. */
const EVERY_MS = 1_000;
/** Sooner when much has come: the hub sends no more than 256 KiB unacked, and a tile has some 400 bytes, a kilobyte at the most. */
const TILES_MAX = 200;

/** What was drawn and not acked yet. One for each connection. */
export class Acks {
  private readonly newest = new Map<number, FromViewer>();
  private tiles = 0;
  private atOnce = false;
  private ackedAtMs: number;

  constructor(nowMs: number) {
    this.ackedAtMs = nowMs;
  }

  drawn(frame: ToViewer): void {
    if (frame.t !== "snapshot" && frame.t !== "delta") {
      return;
    }
    const part = frame.t === "snapshot" ? frame.part : 0;
    this.newest.set(frame.team, { t: "ack", team: frame.team, rev: frame.rev, part });
    this.tiles += frame.tiles.length;
    this.atOnce ||= frame.t === "snapshot"; // the next part waits for it
  }

  /** One for each team, which acks all before it; none while it is too early. */
  due(nowMs: number): FromViewer[] {
    if (!this.atOnce && this.tiles < TILES_MAX && Math.abs(nowMs - this.ackedAtMs) < EVERY_MS) {
      return [];
    }
    const acks = [...this.newest.values()];
    this.newest.clear();
    this.tiles = 0;
    this.atOnce = false;
    this.ackedAtMs = nowMs;
    return acks;
  }
}
