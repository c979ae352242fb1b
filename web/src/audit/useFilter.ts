import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { type Filter, KINDS, type Kind } from "./api";

const EMPTY = { kind: "all", find: "", person: "", from: "", to: "" };

/** What is looked for, in the address. */
export function useFilter(): { filter: Filter; filtered: boolean; put: (change: Partial<Filter>) => void } {
  const [params, setParams] = useSearchParams();
  const filter = useMemo((): Filter => {
    const kind = params.get("kind") as Kind;
    return {
      kind: KINDS.includes(kind) ? kind : "all",
      find: params.get("find") ?? "",
      person: Number.parseInt(params.get("person") ?? "", 10) || null,
      from: params.get("from") ?? "",
      to: params.get("to") ?? "",
    };
  }, [params]);

  function put(change: Partial<Filter>) {
    const next = new URLSearchParams(location.search); // not as it was drawn: typing and a click may come at once
    for (const [name, value] of Object.entries(change)) {
      const text = String(value ?? "");
      if (text === EMPTY[name as keyof Filter]) {
        next.delete(name);
      } else {
        next.set(name, text);
      }
    }
    setParams(next, { replace: true });
  }

  return { filter, filtered: params.size > 0, put };
}
