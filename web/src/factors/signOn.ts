import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import type { Problem } from "../http/request";
import { type Away, useLeaveMutation } from "./api";

const SAID = ["connected", "away", "refused", "expired", "nobody", "known", "taken"] as const;
export type Said = (typeof SAID)[number];

/** What the way back from the provider says in the address: that it is done, or why not. It is taken out of there. */
export function useSaidOnReturn(): { said: Said | null; second: string[] } {
  const [params, setParams] = useSearchParams();
  const [returned] = useState(() => ({
    said: SAID.find((known) => known === params.get("sign-on")) ?? null,
    second: params.get("second-step")?.split(",") ?? [],
  }));
  useEffect(() => {
    if (params.has("sign-on") || params.has("second-step")) {
      const left = new URLSearchParams(params);
      left.delete("sign-on");
      left.delete("second-step");
      setParams(left, { replace: true });
    }
  }, [params, setParams]);
  return returned;
}

/** Leaves for the provider, to come back to this address; says why when that can't be. */
export function useLeave(to: Away["to"], onProblem: (problem: Problem | null) => void) {
  const [begin, { isLoading }] = useLeaveMutation();
  return {
    isLoading,
    leave: async () => {
      onProblem(null);
      const next = location.pathname + location.search + location.hash;
      const { data, error } = await begin({ to, next });
      if (data) {
        location.assign(data.address);
      } else {
        onProblem(error as Problem);
      }
    },
  };
}
