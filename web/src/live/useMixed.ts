import { useMemo } from "react";
import type { Board } from "./board";

/** People are marked as simulated only among others that are not; a demonstration says it once, in the bar. */
export function useMixed(board: Board): boolean {
  const { membership } = board;
  // biome-ignore lint/correctness/useExhaustiveDependencies: who is there changes with the membership
  return useMemo(
    () => new Set([...board.people.values()].map(({ tile }) => tile.simulated ?? false)).size > 1,
    [board, membership],
  );
}
