import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { type Filter, ROLE_FILTERS, STATES } from "./api";

const ID_MAX = 2 ** 31 - 1;

/** `"new"`: the form for another one. */
export type Opened = number | "new" | null;

export interface View extends Filter {
  /** Whose panel is open. */
  person: Opened;
}

const RESTING = { find: "", team: null, role: "any", state: "active", person: null };

/** What is shown of the people, kept in the address: a link shows the same. */
export function useView(): { view: View; put: (change: Partial<View>) => void } {
  const [params, setParams] = useSearchParams();
  const view = useMemo<View>(
    () => ({
      find: params.get("find") ?? "",
      team: idOf(params.get("team"), 0),
      role: ROLE_FILTERS.find((known) => known === params.get("role")) ?? "any",
      state: STATES.find((known) => known === params.get("state")) ?? "active",
      person: params.get("person") === "new" ? "new" : idOf(params.get("person"), 1),
    }),
    [params],
  );
  const put = useCallback(
    (change: Partial<View>) =>
      setParams(
        () => {
          const next = new URLSearchParams(location.search); // not as it was drawn: typing and a click may come at once
          for (const [name, value] of Object.entries(change)) {
            if (value === RESTING[name as keyof View]) {
              next.delete(name);
            } else {
              next.set(name, String(value));
            }
          }
          return next;
        },
        // Opening somebody can be gone back from; dialling can not.
        { replace: !("person" in change) },
      ),
    [setParams],
  );
  return { view, put };
}

function idOf(text: string | null, least: number): number | null {
  const id = Number(text ?? Number.NaN);
  return Number.isInteger(id) && id >= least && id <= ID_MAX ? id : null;
}
