/**
 * Calls of the hub's HTTP API, same origin. Adds the double-submit token, and turns every failure into a `Problem`:
 * nothing that a page shows is made up here except what only the browser knows (no connection).
 */
import { i18n, language } from "../i18n/i18n";
import { noteReach } from "./reach";

export interface Problem {
  /** HTTP status; 0 when the hub was not reached at all. */
  status: number;
  title: string;
  detail?: string;
  request_id?: string;
  field?: string;
  /** What is wrong with the field, for words of the page's own, and the limit that it broke. */
  code?: string;
  limit?: number;
  /** Seconds, from `Retry-After`. */
  retry_after_s?: number;
}

export interface Call {
  path: string;
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** JSON, or a file as it is. */
  body?: unknown;
  /** Beside those that every call has. */
  headers?: Record<string, string>;
  /** For what may take longer than other answers. */
  limitMs?: number;
  /** The answer is a file, not JSON: a `File` under its own name. */
  file?: boolean;
}

/** A proxy's words for a hub that it can't reach. */
const NOT_REACHED = new Set([502, 504]);

/** No answer of the hub takes so long: it hangs, or the way to it does. */
const LIMIT_MS = 15_000;

type Outcome = { data: unknown } | { error: Problem };

/** A call that `signal` ends says nothing of the connection. */
export async function request(
  { path, method = "GET", body, headers: more, limitMs = LIMIT_MS, file = false }: Call,
  signal?: AbortSignal,
): Promise<Outcome> {
  const limit = AbortSignal.timeout(limitMs);
  const until = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    const headers: Record<string, string> = { accept: "application/json", ...more };
    if (method !== "GET") {
      headers["x-csrftoken"] = await csrfToken(until);
    }
    const sendsFile = body instanceof Blob;
    if (body !== undefined) {
      headers["content-type"] = sendsFile ? "application/octet-stream" : "application/json";
    }
    const sent = { method, headers, credentials: "same-origin" as const, signal: until };
    const response = await fetch(
      path,
      body === undefined ? sent : { ...sent, body: sendsFile ? body : JSON.stringify(body) },
    );
    noteReach(!NOT_REACHED.has(response.status));
    if (!response.ok) {
      return { error: await problemOf(response) };
    }
    if (file) {
      const named = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
      return { data: new File([await response.blob()], named ?? "file") };
    }
    return { data: response.status === 204 ? null : await response.json() };
  } catch {
    if (!signal?.aborted) {
      noteReach(false);
    }
    const mayBeDone = limit.aborted && method !== "GET";
    return {
      error: {
        status: 0,
        title: i18n.t(limit.aborted ? "ui:late" : "ui:unreached"),
        detail: i18n.t(mayBeDone ? "ui:lateDetail" : "ui:unreachedDetail"),
      },
    };
  }
}

async function csrfToken(signal: AbortSignal): Promise<string> {
  const name = location.protocol === "https:" ? "__Host-csrftoken" : "csrftoken";
  if (!cookie(name)) {
    await fetch("/api/me", { credentials: "same-origin", signal }); // Any GET sets the cookie.
  }
  return cookie(name) ?? "";
}

function cookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found && decodeURIComponent(found.slice(name.length + 1));
}

async function problemOf(response: Response): Promise<Problem> {
  const number = response.headers.get("x-request-id");
  const problem: Problem = {
    status: response.status,
    title: i18n.t("ui:answered", { status: response.status }),
    ...(number && { request_id: number }),
  };
  try {
    const { title, detail, request_id, field, code, limit } = (await response.json()) as Partial<Problem>;
    Object.assign(problem, JSON.parse(JSON.stringify({ title, detail, request_id, field, code, limit })));
  } catch {
    // A proxy in between answered with a page of its own: its status is all there is to say.
  }
  if (language() !== "en") {
    // The hub speaks English: a page in another language says it in that one, by its code or its status.
    delete problem.detail;
    problem.title = translated(problem);
  }
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  if (wait > 0) {
    problem.retry_after_s = wait;
  }
  return problem;
}

function translated({ status, code, limit }: Problem): string {
  if (status === 400) {
    // Beside those of `ui` a part of the application has words for what only it asks for.
    const parts = Object.keys(i18n.getDataByLanguage(language()) ?? {});
    const part = parts.find((each) => i18n.exists(`${each}:invalid.${code}`));
    return i18n.t((part ? `${part}:invalid.${code}` : "ui:invalid.other") as "ui:invalid.other", { limit });
  }
  const known = `ui:problem.${status}`;
  return i18n.exists(known) ? i18n.t(known as "ui:problem.500") : i18n.t("ui:answered", { status });
}
