import type { Ref } from "react";
import type { Draft } from "./draft";

/** The hub's answer to who has looked at something older than it is: another admin was first. */
export const CHANGED = 409;

/** Who sets up, and what is set so far. */
export interface Admin {
  id: number;
  organisation: { name: string; zone: string; expected_min: number[]; set_up: boolean; version: number };
  /** Home team. */
  team: { id: number; name: string } | null;
  manages: boolean;
}

/** A step saves when it is left. Resolves to false, having shown why, when that could not be. */
export interface StepHandle {
  save: (forward: boolean) => Promise<boolean>;
}

export interface StepProps {
  ref: Ref<StepHandle>;
  admin: Admin;
  draft: Draft;
  put: (change: Draft) => void;
  /** Reads anew who is signed in and what is set. */
  onChanged: () => Promise<unknown>;
}
