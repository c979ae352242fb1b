/** The words of the hour: why a piece counts as it does, and when it was. */
import { i18n } from "../i18n/i18n";
import { clock, list } from "../ui/time";
import { clockOf } from "./Clock";
import type { Gap, Judged, Piece } from "./hour";

/** Stretches shorter than this are told to the second. */
const EXACT_BELOW_MS = 120_000;
const APPS_MAX = 3;

export const exact = ({ startMs, endMs }: Pick<Piece, "startMs" | "endMs">) => endMs - startMs < EXACT_BELOW_MS;

/** A gap, in words: who or what did not tell. */
export function gapSaid({ why }: Gap): string {
  return i18n.t(`person:gap.${why}`);
}

/** Why a stretch has its state: "input in VS Code", "no input since 14:06". */
export function reasonSaid(piece: Pick<Judged, "reason" | "silentMs" | "silentBefore">, apps: string[]): string {
  const { reason, silentMs, silentBefore } = piece;
  switch (reason) {
    case "silence":
      return silentMs === null
        ? i18n.t("person:reason.silence")
        : i18n.t(silentBefore ? "person:reason.silenceBefore" : "person:reason.silenceSince", {
            time: clock(silentMs),
          });
    case "input":
    case "call":
    case "media":
    case "presentation": {
      const named = apps.slice(0, APPS_MAX);
      const more = apps.length - named.length;
      const names = more > 0 ? [...named, i18n.t("person:more", { count: more })] : named;
      return names.length === 0
        ? i18n.t(`person:reason.${reason}`)
        : i18n.t(`person:reason.${reason}In`, { apps: list(names) });
    }
    default:
      return i18n.t(`person:reason.${reason}`);
  }
}

export function rangeSaid(piece: Piece): string {
  const seconds = exact(piece);
  return i18n.t("person:range", { from: clockOf(piece.startMs, seconds), until: clockOf(piece.endMs, seconds) });
}

/** A piece whole: "14:02 to 14:06: Active, input in VS Code". */
export function pieceSaid(piece: Piece): string {
  const range = rangeSaid(piece);
  if (piece.kind === "gap") {
    return i18n.t("person:piece.gap", { range, why: gapSaid(piece) });
  }
  return i18n.t("person:piece.judged", {
    range,
    state: i18n.t(`ui:state.${piece.state}`),
    reason: reasonSaid(piece, named(piece)),
  });
}

/** What a piece was spent in: the site, where one is known. */
export function named({ app, site }: { app: string | null; site: string | null }): string[] {
  const name = site ?? app;
  return name ? [name] : [];
}
