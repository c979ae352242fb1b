import { type BaseQueryFn, createApi } from "@reduxjs/toolkit/query/react";
import { proof } from "./proof";
import { type Call, type Problem, request } from "./request";

/** The cache of what the hub's HTTP API answered. Each feature injects its own endpoints. */
export const api = createApi({
  reducerPath: "http",
  baseQuery: (async (call, { signal }) => {
    const outcome = await request(call, signal);
    const wanted = "error" in outcome && outcome.error.code === "fresh_proof";
    return wanted && (await proof()) ? request(call, signal) : outcome;
  }) as BaseQueryFn<Call, unknown, Problem>,
  tagTypes: ["Client", "Device", "Factors", "Import", "Mail", "Me", "Pause", "Policy", "Right", "Session", "Token"],
  endpoints: () => ({}),
});
