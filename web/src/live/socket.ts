/**
 * The live socket: connects, hears, connects again. It knows nothing of tiles; whoever opens it says what a frame means.
 * Silence of 3 s is a dead link, since the hub beats each second.
 */
import type { FromViewer, ToViewer } from "../wire.gen";
import { type Duty, dutyOf } from "./closing";

export const SILENCE_MAX_MS = 3_000;
const CONNECT_MAX_MS = 8_000;
/** A link must hold this long before the pauses begin anew: a hub that accepts and closes is not besieged. */
const STEADY_MS = 5_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 10_000;

export interface LiveEvents {
  connecting(): void;
  /** Whether the hub has been told already what is wanted. */
  open(told: boolean): void;
  /** `atMs`: when it came, by this computer's clock. */
  frame(frame: ToViewer, atMs: number): void;
  /** Comes after every connection; `opened`: whether the hub had accepted it; `code`: 1006 for a link that died. After `retry` another attempt follows by itself. */
  closed(duty: Duty, opened: boolean, code: number): void;
}

export interface LiveSocket {
  send(frame: FromViewer): void;
  /** Tries at once instead of after the pause: the network or the page is back. */
  hurry(): void;
  close(): void;
}

/** A socket that was opened before anybody was there to hear it, and what it has heard. */
interface Ahead {
  url: string;
  socket: WebSocket;
  heard: { data: string; atMs: number }[];
}

/** Whoever opens the page looks at it within this time, or has gone elsewhere. */
const AHEAD_MAX_MS = 5_000;
let ahead: Ahead | null = null;

/**
 * Connects and says `hello` while the application is still starting; the first `openLive` of this address takes the socket over, with what
 * it has heard. The hub's window bounds that.
 */
export function openAhead(url: string, hello: FromViewer): void {
  const socket = new WebSocket(url);
  const opened: Ahead = { url, socket, heard: [] };
  ahead = opened;
  socket.onopen = () => socket.send(JSON.stringify(hello));
  socket.onmessage = ({ data }) => opened.heard.push({ data, atMs: Date.now() });
  socket.onclose = () => {
    ahead = ahead === opened ? null : ahead;
  };
  setTimeout(() => {
    if (ahead === opened) {
      dropAhead();
    }
  }, AHEAD_MAX_MS);
}

/** Lets go of what nobody took over: whoever signs in next looks with their own eyes. */
export function dropAhead(): void {
  ahead?.socket.close();
  ahead = null;
}

function takeAhead(url: string): Ahead | null {
  const taken = ahead?.url === url ? ahead : null;
  ahead = taken ? null : ahead;
  return taken;
}

/** Full jitter: after a hub's restart its viewers don't come back in one second. */
export function backoffMs(attempt: number, random: () => number): number {
  return 100 + random() * Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** attempt);
}

export function openLive(url: string, events: LiveEvents, random: () => number = Math.random): LiveSocket {
  let socket: WebSocket | null = null;
  let attempt = 0;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;

  function connect() {
    const early = takeAhead(url);
    const current = early?.socket ?? new WebSocket(url);
    const told = early?.socket.readyState === WebSocket.OPEN;
    let opened = false;
    let openedAt = 0;
    socket = current;
    events.connecting();
    expectWithin(CONNECT_MAX_MS, current);
    function open() {
      opened = true;
      openedAt = Date.now();
      expectWithin(SILENCE_MAX_MS, current);
      events.open(told);
    }
    function hear(data: string, atMs: number) {
      if (Date.now() - openedAt >= STEADY_MS) {
        attempt = 0;
      }
      expectWithin(atMs + SILENCE_MAX_MS - Date.now(), current);
      events.frame(JSON.parse(data) as ToViewer, atMs);
    }
    current.onopen = open;
    current.onmessage = ({ data }) => hear(data, Date.now());
    current.onclose = ({ code }) => gone(current, code, opened);
    if (early && told) {
      // Later, since whoever opens has nothing to answer by yet.
      queueMicrotask(() => {
        if (socket === current) {
          open();
          for (const { data, atMs } of early.heard) {
            hear(data, atMs);
          }
        }
      });
    }
  }

  function expectWithin(limitMs: number, current: WebSocket) {
    clearTimeout(silence);
    silence = setTimeout(() => gone(current, 1006, true), limitMs);
  }

  /** A dead link may take minutes to close: it is let go of at once, and its later words are not heard. */
  function gone(current: WebSocket, code: number, opened: boolean) {
    if (socket !== current) {
      return;
    }
    letGo();
    const duty = dutyOf(code);
    if (duty === "retry") {
      pause = setTimeout(connect, backoffMs(attempt++, random));
    }
    events.closed(duty, opened, code);
  }

  function letGo() {
    clearTimeout(silence);
    clearTimeout(pause);
    const old = socket;
    socket = null;
    if (old) {
      old.onopen = old.onmessage = old.onclose = null;
      old.close();
    }
  }

  connect();
  return {
    send(frame) {
      if (socket?.readyState === WebSocket.OPEN) {
        socket.send(JSON.stringify(frame));
      }
    },
    hurry() {
      if (!socket && pause !== undefined) {
        clearTimeout(pause);
        connect();
      }
    },
    close() {
      letGo();
      pause = undefined;
    },
  };
}
