import { useEffect, useState } from "react";

const SAID_MS = 2_000;

/** Copies a text, and is `copied` for as long as that should be said. `shown` is the element that shows it. */
export function useCopy(): { copied: boolean; copy: (text: string, shown: HTMLElement | null) => Promise<void> } {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (copied) {
      const timer = setTimeout(() => setCopied(false), SAID_MS);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [copied]);
  return {
    copied,
    copy: async (text, shown) => {
      await toClipboard(text, shown);
      setCopied(true);
    },
  };
}

/** Plain http on a local network has no clipboard API: then the text is selected and copied the old way. */
async function toClipboard(text: string, shown: HTMLElement | null): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
  } else if (shown) {
    getSelection()?.selectAllChildren(shown);
    document.execCommand("copy");
  }
}
