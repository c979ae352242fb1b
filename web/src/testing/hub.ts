/** A hub for tests: answers to HTTP calls by `METHOD path`, and a live socket whose other end the test holds. */
import { vi } from "vitest";
import type { FromViewer, ToViewer } from "../wire.gen";

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

type Answers = Record<string, Answer | (() => Answer | Promise<Answer>)>;

export interface Seen {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

/** Answers every fetch, by its path with or without the query; what has no answer is a network failure. Returns what was asked. */
export function answering(answers: Answers): Seen[] {
  const seen: Seen[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit = {}) => {
    const method = init.method ?? "GET";
    if (`${method} ${path}` === "GET /api/sign-on" && !answers["GET /api/sign-on"]) {
      return Response.json({ oidc: null }); // there is no provider, unless a test is about one
    }
    const body = typeof init.body === "string" ? JSON.parse(init.body) : init.body;
    seen.push({ method, path, headers: { ...(init.headers as Record<string, string>) }, body });
    const known = answers[`${method} ${path}`] ?? answers[`${method} ${path.split("?")[0]}`];
    if (!known) {
      throw new TypeError("Failed to fetch");
    }
    const { status, body: said, headers } = await (typeof known === "function" ? known() : known);
    return new Response(status === 204 ? null : JSON.stringify(said ?? {}), { status, ...(headers && { headers }) });
  });
  return seen;
}

export class HubSocket {
  static readonly OPEN = 1;
  static all: HubSocket[] = [];
  static get last(): HubSocket {
    const socket = HubSocket.all.at(-1);
    if (!socket) {
      throw new Error("no socket was opened");
    }
    return socket;
  }
  readyState = 0;
  sent: FromViewer[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  url: string;

  constructor(url: string) {
    this.url = url;
    HubSocket.all.push(this);
  }

  // The page's side.
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }

  // The hub's side.
  accept() {
    this.readyState = HubSocket.OPEN;
    this.onopen?.();
  }
  say(...frames: ToViewer[]) {
    for (const frame of frames) {
      this.onmessage?.({ data: JSON.stringify(frame) });
    }
  }
  drop(code: number) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

export function withSockets(): void {
  HubSocket.all = [];
  vi.stubGlobal("WebSocket", HubSocket);
}
