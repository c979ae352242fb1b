import { api } from "../http/api";

export interface Device {
  id: string;
  name: string;
  system: string;
  /** Of the agent, as it said when it last connected; empty before. */
  version?: string;
  enrolled_at: string;
  last_seen_at: string | null;
  revoked_at: string | null;
  suspended_at?: string | null;
  simulated: boolean;
  /** Events that it held when it was last heard. */
  unsent?: number | null;
  /** By how much its clock was behind the hub's then; negative: ahead. */
  skew_ms?: number | null;
  /** Events that it declared lost, ever, and those that could not be stored. */
  lost?: number;
  set_aside?: number;
  /** It was heard in its person's working hours and went silent in them, and no other of theirs is heard. */
  missing?: boolean;
}

export interface EnrolmentCode {
  code: string;
  expires_at: string;
  /** What to type on the computer; without it, the code for this page's own address. */
  command?: string;
}

const enrolApi = api.injectEndpoints({
  endpoints: (build) => ({
    devices: build.query<Device[], void>({ query: () => ({ path: "/api/devices" }), providesTags: ["Device"] }),
    makeCode: build.mutation<EnrolmentCode, void>({ query: () => ({ path: "/api/devices/code", method: "POST" }) }),
  }),
});

export const { useDevicesQuery, useMakeCodeMutation } = enrolApi;
