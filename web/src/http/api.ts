import { type BaseQueryFn, createApi } from "@reduxjs/toolkit/query/react";
import { type Call, type Problem, request } from "./request";

/** The cache of what the hub's HTTP API answered. Each feature injects its own endpoints. */
export const api = createApi({
  reducerPath: "http",
  baseQuery: ((call, { signal }) => request(call, signal)) as BaseQueryFn<Call, unknown, Problem>,
  tagTypes: ["Device"],
  endpoints: () => ({}),
});
