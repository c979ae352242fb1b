import type { Device, EnrolmentCode } from "../enrol/api";
import { api } from "../http/api";

export interface OwnedDevice extends Device {
  person: number;
  person_name: string;
}

/** `live`: heard within a day; `silent`: not, or never. */
export const STATES = ["all", "live", "missing", "silent", "suspended", "revoked"] as const;
export type StateFilter = (typeof STATES)[number];

export interface Filter {
  find: string;
  state: StateFilter;
}

export interface DevicePage {
  devices: OwnedDevice[];
  /** On all pages. */
  total: number;
  page: number;
  per_page: number;
  /** Of all, whatever the filter lets through: those that have gone silent, and those that are suspended. */
  missing: number;
  suspended: number;
}

/** Numbers that a device declared lost, both included. */
export interface Lost {
  epoch: number;
  from_seq: number;
  to_seq: number;
  reason: string;
  at: string;
}

export interface SetAside {
  epoch: number;
  seq: number;
  reason: string;
  at: string;
}

export interface DeviceDetail extends OwnedDevice {
  /** The kind of code that it came by; empty: not known any more. */
  enrolled_with: "own" | "many" | "roll_out" | "";
  rekeyed_at: string | null;
  fenced_at: string[];
  /** Newest first, as are those below. */
  losses: Lost[];
  quarantined: SetAside[];
}

/** A computer that asks to be somebody's device. */
export interface Asking {
  id: string;
  /** What it shows. */
  confirmation: string;
  name: string;
  system: string;
  asked_at: string;
  expires_at: string;
}

/** A code for a roll-out that serves still. */
export interface RollOut {
  id: string;
  label: string;
  /** Whose devices alone it adds. */
  person: string | null;
  uses: number;
  uses_left: number;
  /** Computers that ask by it now. */
  waiting: number;
  made_at: string;
  made_by: string | null;
  expires_at: string;
}

export interface NewRollOut extends RollOut {
  code: string;
}

export interface RollOutForm {
  label: string;
  uses: number;
  days: number;
  email: string;
}

const devicesApi = api.injectEndpoints({
  endpoints: (build) => ({
    allDevices: build.query<DevicePage, Filter & { page: number }>({
      query: ({ find, state, page }) => ({
        path: `/api/devices/all?${new URLSearchParams({ find, state, page: String(page) })}`,
      }),
      providesTags: ["Device"],
    }),
    device: build.query<DeviceDetail, string>({
      query: (id) => ({ path: `/api/devices/${id}` }),
      providesTags: ["Device"],
    }),
    renameDevice: build.mutation<DeviceDetail, { id: string; name: string }>({
      query: ({ id, name }) => ({ path: `/api/devices/${id}`, method: "PUT", body: { name } }),
      invalidatesTags: ["Device"],
    }),
    makeKeyCode: build.mutation<EnrolmentCode, string>({
      query: (id) => ({ path: `/api/devices/${id}/code`, method: "POST" }),
    }),
    asking: build.query<Asking[], void>({
      query: () => ({ path: "/api/devices/asking" }),
      providesTags: ["Device"],
    }),
    findAsking: build.mutation<Asking, string>({
      query: (confirmation) => ({ path: "/api/devices/asking", method: "POST", body: { confirmation } }),
    }),
    decideAsking: build.mutation<{ device: string | null; name: string }, { id: string; mine: boolean }>({
      query: ({ id, mine }) => ({ path: `/api/devices/asking/${id}`, method: "PUT", body: { mine } }),
      invalidatesTags: ["Device"],
    }),
    rollOuts: build.query<RollOut[], void>({
      query: () => ({ path: "/api/devices/codes" }),
      providesTags: ["Device"],
    }),
    makeRollOut: build.mutation<NewRollOut, RollOutForm>({
      query: (body) => ({ path: "/api/devices/codes", method: "POST", body }),
      invalidatesTags: ["Device"],
    }),
    withdrawRollOut: build.mutation<null, string>({
      query: (id) => ({ path: `/api/devices/codes/${id}`, method: "DELETE" }),
      invalidatesTags: ["Device"],
    }),
    revoke: build.mutation<null, string>({
      query: (id) => ({ path: `/api/devices/${id}`, method: "DELETE" }),
      invalidatesTags: ["Device"],
    }),
  }),
});

export const {
  useAllDevicesQuery,
  useAskingQuery,
  useDecideAskingMutation,
  useDeviceQuery,
  useFindAskingMutation,
  useLazyAllDevicesQuery,
  useMakeKeyCodeMutation,
  useMakeRollOutMutation,
  useRenameDeviceMutation,
  useRevokeMutation,
  useRollOutsQuery,
  useWithdrawRollOutMutation,
} = devicesApi;
