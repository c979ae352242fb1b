import type { Device } from "../enrol/api";
import { api } from "../http/api";

export interface OwnedDevice extends Device {
  person: number;
  person_name: string;
}

/** `live`: heard within a day; `silent`: not, or never. */
export const STATES = ["all", "live", "silent", "revoked"] as const;
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

const devicesApi = api.injectEndpoints({
  endpoints: (build) => ({
    allDevices: build.query<DevicePage, Filter & { page: number }>({
      query: ({ find, state, page }) => ({
        path: `/api/devices/all?${new URLSearchParams({ find, state, page: String(page) })}`,
      }),
      providesTags: ["Device"],
    }),
    revoke: build.mutation<null, string>({
      query: (id) => ({ path: `/api/devices/${id}`, method: "DELETE" }),
      invalidatesTags: ["Device"],
    }),
  }),
});

export const { useAllDevicesQuery, useLazyAllDevicesQuery, useRevokeMutation } = devicesApi;
