import type { Device, EnrolmentCode } from "../enrol/api";
import { api } from "../http/api";

export interface OwnedDevice extends Device {
  person: number;
  person_name: string;
}

/** `live`: heard within a day; `silent`: not, or never. */
export const STATES = ["all", "live", "silent", "suspended", "revoked"] as const;
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
  enrolled_with: "own" | "many" | "";
  rekeyed_at: string | null;
  fenced_at: string[];
  /** Newest first, as are those below. */
  losses: Lost[];
  quarantined: SetAside[];
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
    revoke: build.mutation<null, string>({
      query: (id) => ({ path: `/api/devices/${id}`, method: "DELETE" }),
      invalidatesTags: ["Device"],
    }),
  }),
});

export const {
  useAllDevicesQuery,
  useDeviceQuery,
  useLazyAllDevicesQuery,
  useMakeKeyCodeMutation,
  useRenameDeviceMutation,
  useRevokeMutation,
} = devicesApi;
