/** What was pressed, as commands name it, and when a key is not meant for them. */

/** How long a first key waits for the second. */
const CHORD_MS = 1_200;

const LETTER = /^Key([A-Z])$/;

/**
 * The key as commands name it: the letter or sign that it types, and on a layout that types no Latin letters (Arabic, Cyrillic)
 * the one that stands there on a Latin keyboard. `null`: no key of ours.
 */
export function keyOf({ key, code }: Pick<KeyboardEvent, "key" | "code">): string | null {
  if (key === "؟") {
    return "?";
  }
  if (key.length !== 1) {
    return null;
  }
  const latin = LETTER.exec(code)?.[1];
  return key.charCodeAt(0) > 127 && latin ? latin.toLowerCase() : key.toLowerCase();
}

/** Whether somebody types, or something modal is open: then keys are not for commands. */
export function isTaken(event: KeyboardEvent): boolean {
  return event.isComposing || typesInto(event.target) || document.querySelector(MODAL) !== null;
}

const MODAL = '[aria-modal="true"], dialog[open], .MuiModal-root:not(.MuiModal-hidden)';
const NO_TEXT = new Set(["button", "checkbox", "radio", "range", "reset", "submit"]);

function typesInto(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) {
    return !NO_TEXT.has(target.type);
  }
  return (
    target instanceof HTMLElement && target.closest("textarea, select, [contenteditable], [role=textbox]") !== null
  );
}

/** Two keys, one after the other, make a chord. Pure but for what it remembers. */
export class Chords {
  #first: { key: string; atMs: number } | null = null;

  /** Which of `known`, the keys of commands, are pressed with this one: `g l` after a `g` a moment ago. `null`: none, or the first of two. */
  press(key: string, atMs: number, known: string[]): string | null {
    const first = this.#first;
    this.#first = null;
    if (first && atMs - first.atMs <= CHORD_MS && known.includes(`${first.key} ${key}`)) {
      return `${first.key} ${key}`;
    }
    if (known.some((keys) => keys.startsWith(`${key} `))) {
      this.#first = { key, atMs };
      return null;
    }
    return known.includes(key) ? key : null;
  }
}

const OFF = "daylight-shortcuts";

/** Single keys can be turned off: for whoever dictates, or touches keys by mistake. */
export function singleKeys(): boolean {
  try {
    return localStorage.getItem(OFF) !== "off";
  } catch {
    return true;
  }
}

export function setSingleKeys(on: boolean): void {
  try {
    localStorage.setItem(OFF, on ? "on" : "off");
  } catch {
    // Storage may be forbidden: then they stay on.
  }
}
