import { api } from "../http/api";

/** What a link is good for. */
export interface OpenLink {
  purpose: "invitation" | "reset";
  name: string;
  email: string;
  expires_at: string;
}

const linkApi = api.injectEndpoints({
  endpoints: (build) => ({
    askForLink: build.mutation<null, { email: string; language: string }>({
      query: (body) => ({ path: "/api/password/forgotten", method: "POST", body }),
    }),
    link: build.query<OpenLink, string>({
      query: (token) => ({ path: "/api/link", method: "POST", body: { token } }),
      keepUnusedDataFor: 0,
    }),
    useLink: build.mutation<null, { token: string; password: string }>({
      query: (body) => ({ path: "/api/link/password", method: "POST", body }),
    }),
  }),
});

export const { useAskForLinkMutation, useLinkQuery, useUseLinkMutation } = linkApi;

const KEY = "daylight-link";

/**
 * What stands behind the `#` of a link, or stood there before a reload of this tab. From the address, and so from the browser's history, it
 * is gone then.
 */
export function takeToken(): string {
  const given = location.hash.slice(1);
  if (given) {
    history.replaceState(history.state, "", location.pathname);
  }
  try {
    if (given) {
      sessionStorage.setItem(KEY, given);
    }
    return given || (sessionStorage.getItem(KEY) ?? "");
  } catch {
    return given; // Storage may be forbidden: then it lasts until a reload.
  }
}

export function dropToken(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // There is none.
  }
}
