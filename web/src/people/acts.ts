/** What can be done with several people at once, and taken back. More than the hub takes at once are done in parts. */
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { number } from "../ui/time";
import {
  AT_ONCE,
  type Invited,
  type Move,
  type Named,
  type Person,
  useDeactivatePeopleMutation,
  useInvitePeopleMutation,
  useMovePeopleMutation,
  useReactivatePeopleMutation,
  useWithdrawLinksMutation,
} from "./api";

/** What was done, or why not. */
export interface Said {
  words: string;
  problem?: Problem;
  /** Takes it back. */
  undo?: () => Promise<Problem | null>;
  /** Links to pass on, which are shown this once. */
  links?: Invited[];
}

type Outcome = { error?: unknown };

/** They may sign in, and have no way to yet: they can be invited. */
export function isNew({ deactivated_at, ways, simulated }: Person): boolean {
  return !deactivated_at && ways.length === 0 && !simulated;
}

type Whom = Pick<Person, "id" | "name" | "team">;

export function useActs(say: (said: Said) => void) {
  const { t } = useTranslation("people");
  const [move] = useMovePeopleMutation();
  const [deactivate] = useDeactivatePeopleMutation();
  const [reactivate] = useReactivatePeopleMutation();
  const [send] = useInvitePeopleMutation();
  const [withdraw] = useWithdrawLinksMutation();

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

  const invite = useCallback(
    async (people: readonly Pick<Person, "id">[]): Promise<boolean> => {
      const invited: Invited[] = [];
      const problem = await inParts(
        people.map(({ id }) => id),
        async (part) => {
          const answer = await send(part);
          invited.push(...(answer.data ?? []));
          return answer;
        },
      );
      if (problem && invited.length === 0) {
        say({ words: t("failed.invite"), problem });
        return false;
      }
      const links = invited.filter(({ url }) => url !== null);
      const count = invited.length;
      const ids = invited.map(({ person }) => person);
      say({
        words: t(count === 0 ? "done.nobodyNew" : links.length > 0 ? "done.links" : "done.invited", {
          count,
          name: invited[0]?.name,
        }),
        ...(count > 0 && { links, undo: () => inParts(ids, (part) => withdraw(part)) }),
      });
      return problem === null;
    },
    [send, withdraw, say, t],
  );

  return { moveTo, letOut, letIn, invite };
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
