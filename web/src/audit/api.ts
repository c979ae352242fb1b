import { api } from "../http/api";

interface Named {
  id: number;
  /** Empty where it is not known any more. */
  name: string;
}

/** A setting before and after. */
interface Changed {
  old: unknown;
  new: unknown;
}

export type Detail = Record<string, string | number | boolean | null | Record<string, Changed>>;

/** Something that was done, or a look. Nobody in `by` and `client`: the system, or somebody unknown. */
export interface Entry {
  id: number;
  at: string;
  act: string;
  by: Named | null;
  client: Named | null;
  about: Named | null;
  team: Named | null;
  detail: Detail;
  /** In the chain, as soon as it has one. */
  place: number | null;
}

export interface Chain {
  rows: number;
  head: string;
  /** The public key that it is signed with, in hexadecimal. */
  key: string;
  waiting: number;
  /** `away`: why the object store did not answer at that check; empty where it did, or where there is none. */
  checked: { rows: number; broken: string; away: string } | null;
  checked_at: string | null;
  checking: boolean;
  /** The place of the newest head in the object store. */
  kept: number | null;
  kept_at: string | null;
}

export interface Filter {
  kind: Kind;
  find: string;
  person: number | null;
  /** Days as `2026-05-04`, both included; empty: no limit. */
  from: string;
  to: string;
}

interface Page {
  entries: Entry[];
  more: boolean;
}

/** What an auditor looks for together. */
export const ACTS = {
  looks: ["look_person", "look_wall", "audit_exported", "list_exported", "data_exported", "backup_made", "keys_kept"],
  signing: [
    "sign_in",
    "sign_in_half_open",
    "sign_out",
    "proof_given",
    "sessions_ended",
    "recovery_code_used",
    "reset_asked",
    "link_sent",
    "link_shown",
    "link_withdrawn",
  ],
  people: [
    "person_added",
    "person_moved",
    "person_changed",
    "person_deactivated",
    "person_reactivated",
    "people_imported",
    "role_granted",
    "role_revoked",
    "team_added",
    "team_changed",
    "team_removed",
    "team_restored",
  ],
  accounts: [
    "password_set",
    "factor_added",
    "factor_removed",
    "recovery_codes_made",
    "factors_required",
    "factors_reset",
    "identity_connected",
    "identity_disconnected",
    "token_made",
    "token_revoked",
  ],
  policies: [
    "policy_changed",
    "policy_acknowledged",
    "pause_declared",
    "pause_ended",
    "work_started",
    "work_ended",
    "ceiling_lowered",
    "ceiling_proposed",
    "ceiling_signed",
    "ceiling_declined",
    "ceiling_withdrawn",
    "period_over",
  ],
  rights: [
    "request_made",
    "request_withdrawn",
    "request_accepted",
    "request_declined",
    "request_extended",
    "person_restricted",
    "restriction_lifted",
    "hold_set",
    "hold_lifted",
    "person_erased",
    "days_erased",
  ],
  devices: [
    "code_made",
    "device_enrolled",
    "device_revoked",
    "device_suspended",
    "device_renamed",
    "roll_out_code_made",
    "roll_out_code_withdrawn",
    "device_asked",
    "device_declined",
    "rekey_code_made",
    "device_rekeyed",
  ],
  settings: [
    "organisation_changed",
    "organisation_set_up",
    "client_made",
    "client_changed",
    "client_secret_made",
    "client_disabled",
    "client_token",
    "mail_tried",
    "mail_again",
    "demo_clearing",
    "demo_cleared",
    "restored",
  ],
  refused: [
    "denied",
    "request_refused",
    "sign_in_failed",
    "second_step_refused",
    "proof_refused",
    "passkey_refused",
    "code_refused",
    "link_refused",
    "client_refused",
    "erasure_held",
  ],
} as const;

export type Kind = "all" | keyof typeof ACTS;
export const KINDS: Kind[] = ["all", ...(Object.keys(ACTS) as (keyof typeof ACTS)[])];

const PAGE = 50;
/** As many as the hub tells at once. */
const PAGE_MAX = 200;

const auditApi = api.injectEndpoints({
  endpoints: (build) => ({
    audit: build.infiniteQuery<Page, Filter, number | null>({
      infiniteQueryOptions: {
        initialPageParam: null,
        getNextPageParam: ({ entries, more }) => (more ? entries.at(-1)?.id : undefined),
      },
      query: ({ queryArg, pageParam }) => ({ path: `/api/audit?${asked(queryArg, pageParam)}` }),
    }),
    auditBefore: build.query<Page, { filter: Filter; before: number | null }>({
      query: ({ filter, before }) => ({ path: `/api/audit?${asked(filter, before, PAGE_MAX)}` }),
      keepUnusedDataFor: 0,
    }),
    chain: build.query<Chain, void>({ query: () => ({ path: "/api/audit/chain" }) }),
    checkChain: build.mutation<Chain, void>({
      query: () => ({ path: "/api/audit/chain/check", method: "POST" }),
      async onQueryStarted(_, { dispatch, queryFulfilled }) {
        const { data } = await queryFulfilled.catch(() => ({ data: null }));
        if (data) {
          dispatch(auditApi.util.upsertQueryData("chain", undefined, data));
        }
      },
    }),
  }),
});

export const { useAuditInfiniteQuery, useLazyAuditBeforeQuery, useChainQuery, useCheckChainMutation } = auditApi;

function asked({ kind, find, person, from, to }: Filter, before: number | null, limit = PAGE): URLSearchParams {
  const params = new URLSearchParams({ limit: String(limit) });
  for (const act of kind === "all" ? [] : ACTS[kind]) {
    params.append("act", act);
  }
  const rest = { find, person, before, since: midnight(from, 0), until: midnight(to, 1) };
  for (const [name, value] of Object.entries(rest)) {
    if (value) {
      params.set(name, String(value));
    }
  }
  return params;
}

/** The beginning of a day, or of the one so many days later, where the reader is. */
function midnight(day: string, later: number): string | null {
  const at = new Date(`${day}T00:00`);
  if (Number.isNaN(at.valueOf())) {
    return null;
  }
  at.setDate(at.getDate() + later);
  return at.toISOString();
}
