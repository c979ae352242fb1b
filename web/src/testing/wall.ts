/** People for a wall, and the page open on it. */
import { act, waitFor } from "@testing-library/react";
import { expect } from "vitest";
import type { Tile, ToViewer } from "../wire.gen";
import { HubSocket } from "./hub";
import { open } from "./render";

export const ago = (s: number) => new Date(Date.now() - s * 1000).toISOString();

/** Somebody at work: input two seconds ago, in this state for ten minutes. */
export function working(person: number, name: string, app: string, more: Partial<Tile> = {}): Tile {
  return { person, name, link: "live", facts: { app, last_input_at: ago(2) }, at: ago(1), since_at: ago(600), ...more };
}

export function teams(...names: string[]): ToViewer {
  return { t: "teams", teams: names.map((name, i) => ({ id: i + 1, name })), now: ago(0) };
}

export function snapshot(team: number, ...tiles: Tile[]): ToViewer {
  return { t: "snapshot", team, epoch: "e", rev: 1, now: ago(0), part: 0, parts: 1, tiles };
}

export function delta(team: number, rev: number, tiles: Tile[], gone: number[] = []): ToViewer {
  return { t: "delta", team, epoch: "e", rev, now: ago(0), tiles, gone };
}

export async function openedAt(path: string, ...frames: ToViewer[]): Promise<void> {
  open(path);
  await waitFor(() => expect(HubSocket.all).toHaveLength(1));
  act(() => HubSocket.last.accept());
  say(...frames);
}

export function say(...frames: ToViewer[]): void {
  act(() => HubSocket.last.say(...frames));
}

/** Who stands on the wall, in their order. */
export function shown(): number[] {
  return [...document.querySelectorAll<HTMLElement>("[data-person]")].map((tile) => Number(tile.dataset.person));
}

export function found(selector: string, within: ParentNode = document): HTMLElement {
  const element = within.querySelector<HTMLElement>(selector);
  if (!element) {
    throw new Error(`nothing matches ${selector}`);
  }
  return element;
}

export const tile = (person: number) => waitFor(() => found(`[data-person="${person}"]`));
export const cell = (of: HTMLElement, name: string) => found(`[data-cell="${name}"]`, of).textContent;
