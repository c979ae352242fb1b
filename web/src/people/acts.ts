/** What can be done with several people at once, and taken back. More than the hub takes at once are done in parts. */
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { number } from "../ui/time";
import {
  AT_ONCE,
  type Move,
  type Named,
  type Person,
  useDeactivatePeopleMutation,
  useMovePeopleMutation,
  useReactivatePeopleMutation,
} from "./api";

/** What was done, or why not. */
export interface Said {
  words: string;
  problem?: Problem;
  /** Takes it back. */
  undo?: () => Promise<Problem | null>;
}

type Outcome = { error?: unknown };
type Whom = Pick<Person, "id" | "name" | "team">;

export function useActs(say: (said: Said) => void) {
  const { t } = useTranslation("people");
  const [move] = useMovePeopleMutation();
  const [deactivate] = useDeactivatePeopleMutation();
  const [reactivate] = useReactivatePeopleMutation();

  const moveTo = useCallback(
    async (people: readonly Whom[], team: Named): Promise<boolean> => {
      const there = people
        .filter((person) => person.team?.id !== team.id)
        .map(({ id, team: home }): Move => ({ person: id, out_of: home?.id ?? null, into: team.id }));
      const back = there.map(({ person, out_of, into }): Move => ({ person, out_of: into, into: out_of }));
      const problem = await inParts(there, (part) => move(part));
      if (problem) {
        say({ words: t("failed.move"), problem });
        return false;
      }
      const [first] = people;
      const words = t("done.moved", { count: people.length, name: first?.name, team: team.name });
      say({ words, undo: () => inParts(back, (part) => move(part)) });
      return true;
    },
    [move, say, t],
  );

  const letOut = useCallback(
    async (people: readonly Whom[]): Promise<boolean> => {
      const ids = people.map(({ id }) => id);
      const problem = await inParts(ids, (part) => deactivate(part));
      if (problem) {
        say({ words: t("failed.deactivate"), problem });
        return false;
      }
      const words = t("done.deactivated", { count: people.length, name: people[0]?.name });
      say({ words, undo: () => inParts(ids, (part) => reactivate(part)) });
      return true;
    },
    [deactivate, reactivate, say, t],
  );

  const letIn = useCallback(
    async (people: readonly Whom[]): Promise<boolean> => {
      const ids = people.map(({ id }) => id);
      const problem = await inParts(ids, (part) => reactivate(part));
      if (problem) {
        say({ words: t("failed.reactivate"), problem });
        return false;
      }
      const words = t("done.reactivated", { count: people.length, name: people[0]?.name });
      say({ words, undo: () => inParts(ids, (part) => deactivate(part)) });
      return true;
    },
    [deactivate, reactivate, say, t],
  );

  return { moveTo, letOut, letIn };
}

/** Up to the first part that is refused, whose problem it is. */
async function inParts<Item>(items: readonly Item[], act: (part: Item[]) => Promise<Outcome>): Promise<Problem | null> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const { error } = await act(items.slice(at, at + AT_ONCE));
    if (error) {
      return error as Problem;
    }
  }
  return null;
}

/** `100 of 532`. */
export function counted(shown: number, total: number): { shown: string; total: string } {
  return { shown: number(shown), total: number(total) };
}
