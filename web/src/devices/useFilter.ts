import { useCallback } from "react";
import { useSearchParams } from "react-router";
import { type Filter, STATES } from "./api";

/** As many as the hub reads. */
const PAGE_MAX = 10_000;

export interface View extends Filter {
  page: number;
}

/** What is shown of everybody's devices, kept in the address: a link shows the same. */
export function useFilter(): { view: View; put: (change: Partial<View>, by?: "replacing") => void } {
  const [params, setParams] = useSearchParams();
  const page = Number(params.get("page") ?? 1);
  const view: View = {
    find: params.get("find") ?? "",
    state: STATES.find((known) => known === params.get("state")) ?? "all",
    page: Number.isInteger(page) && page >= 1 && page <= PAGE_MAX ? page : 1,
  };

  const put = useCallback(
    (change: Partial<View>, by?: "replacing") =>
      setParams(
        () => {
          const next = new URLSearchParams(location.search); // not as it was drawn: typing and a click may come at once
          // Another filter begins with its first page.
          for (const [name, value] of Object.entries({ page: 1, ...change })) {
            if (value === "" || value === "all" || value === 1) {
              next.delete(name);
            } else {
              next.set(name, String(value));
            }
          }
          return next;
        },
        // Going through pages can be gone back through; typing can not.
        { replace: by === "replacing" || !("page" in change) },
      ),
    [setParams],
  );
  return { view, put };
}
