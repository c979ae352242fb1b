/** The last hour, cut into pieces that cover it exactly: what was judged, and gaps that say why they are gaps. Pure. */
import type { State } from "../ui/StateMark";
import type { Day, Reason, Stretch } from "./api";

const HOUR_MS = 3_600_000;
/** Less than this between two stretches is not a gap: devices cut at seconds. */
const GAP_MIN_MS = 1_000;
/** Devices send once a minute, and a commit takes its time: a tail up to this long is on its way. */
const TAIL_MAX_MS = 180_000;

export interface Judged {
  kind: "judged";
  startMs: number;
  endMs: number;
  state: State;
  reason: Reason;
  app: string | null;
  site: string | null;
  /** Since when there was no input: from the start of a run of silence; `null` for what is not silence. */
  silentMs: number | null;
  /** The silence reaches back to before the hour. */
  silentBefore: boolean;
}

export interface Gap {
  kind: "gap";
  startMs: number;
  endMs: number;
  /** `tail`: not stored yet. `unconnected`: no device was there to tell. `outside`: before the time that the viewer may see. `left`: after it. */
  why: "tail" | "unconnected" | "outside" | "left";
}

export type Piece = Judged | Gap;

const SILENT: Reason[] = ["silence", "call", "media", "presentation"];

/** What is known of the person now: a device is there, so what is missing of the end is on its way; none is; or they left the viewer's teams. */
export type Presence = "connected" | "unconnected" | "left";

/** Not in the viewer's teams any more: what they see of the day is the time that the person was. */
export function hasLeft({ own, person }: Pick<Day, "own" | "person">): boolean {
  return !own && person.team === null;
}

/** The hour that ends at `endMs`. */
export function piecesOf({ hour, from_at }: Pick<Day, "hour" | "from_at">, endMs: number, presence: Presence): Piece[] {
  const startMs = endMs - HOUR_MS;
  const fromMs = Date.parse(from_at);
  const pieces: Piece[] = [];
  let atMs = startMs;

  function gapUntil(untilMs: number, last: boolean) {
    if (fromMs > atMs) {
      const seenMs = Math.min(fromMs, untilMs);
      pieces.push({ kind: "gap", startMs: atMs, endMs: seenMs, why: "outside" });
      atMs = seenMs;
    }
    if (untilMs > atMs) {
      pieces.push({ kind: "gap", startMs: atMs, endMs: untilMs, why: last ? whyLast(untilMs - atMs) : "unconnected" });
      atMs = untilMs;
    }
  }

  function whyLast(lengthMs: number): Gap["why"] {
    if (presence === "left") {
      return "left";
    }
    const coming = presence === "connected" || lengthMs <= TAIL_MAX_MS;
    return coming && pieces.some((piece) => piece.kind === "judged") ? "tail" : "unconnected";
  }

  for (const stretch of hour) {
    const began = Math.max(Date.parse(stretch.started_at), atMs);
    const ended = Math.min(Date.parse(stretch.ended_at), endMs);
    if (ended <= began) {
      continue;
    }
    if (began - atMs >= GAP_MIN_MS) {
      gapUntil(began, false);
    }
    put(pieces, stretch, atMs, ended, startMs);
    atMs = ended;
  }
  if (endMs - atMs >= GAP_MIN_MS) {
    gapUntil(endMs, true);
  }
  return pieces;
}

/** Adds a stretch, or lengthens the last piece when it says the same. */
function put(pieces: Piece[], { state, reason, app, site }: Stretch, startMs: number, endMs: number, hourMs: number) {
  if (state === "offline") {
    pieces.push({ kind: "gap", startMs, endMs, why: "unconnected" });
    return;
  }
  const last = pieces.at(-1);
  const before = last?.kind === "judged" ? last : null;
  if (before && before.state === state && before.reason === reason && before.app === app && before.site === site) {
    before.endMs = endMs;
    return;
  }
  const silent = SILENT.includes(reason);
  const silentMs = silent ? (before?.silentMs ?? startMs) : null;
  const silentBefore =
    silentMs !== null && (before?.silentMs === silentMs ? before.silentBefore : startMs - hourMs < GAP_MIN_MS);
  pieces.push({ kind: "judged", startMs, endMs, state, reason, app, site, silentMs, silentBefore });
}

/** Neighbours with the same state for the same reason, whatever the app: a line of "Why it counts as it does". */
export type Why = (Omit<Judged, "app" | "site"> & { apps: string[] }) | Gap;

/** Oldest first; the apps of each with the longest first. */
export function whysOf(pieces: Piece[]): Why[] {
  const whys: Why[] = [];
  let times = new Map<string, number>();
  for (const piece of pieces) {
    const last = whys.at(-1);
    if (piece.kind === "gap") {
      whys.push(piece);
      continue;
    }
    const { app, site, ...judged } = piece;
    const joins = last?.kind === "judged" && last.state === piece.state && last.reason === piece.reason;
    const why = joins ? last : { ...judged, apps: [] };
    if (!joins) {
      whys.push(why);
      times = new Map();
    }
    why.endMs = piece.endMs;
    const name = site ?? app;
    if (name) {
      times.set(name, (times.get(name) ?? 0) + piece.endMs - piece.startMs);
      why.apps = [...times].sort((one, other) => other[1] - one[1]).map(([known]) => known);
    }
  }
  return whys;
}
