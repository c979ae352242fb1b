/** Some acts want a fresh proof of who sits here. The shell says how it is asked for; `true` once the hub has it. */
type Ask = () => Promise<boolean>;

const nobody: Ask = async () => false;
let ask = nobody;
let asking: Promise<boolean> | null = null;

export function onProofWanted(how: Ask): () => void {
  ask = how;
  return () => {
    ask = nobody;
    asking = null; // Whoever waits has gone with the page.
  };
}

/** Asks once, however many acts wait for it. */
export function proof(): Promise<boolean> {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}
