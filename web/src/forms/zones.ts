/** Finding a zone among some 600. Pure. */

/** Zones that the browser itself knows: for as long as the hub's can't be had. */
export function browserZones(): string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone")];
}

/** At most `limit` zones that hold each typed word, those first in which one begins with it. */
export function matching(zones: readonly string[], typed: string, limit: number): string[] {
  const words = plain(typed).split(" ").filter(Boolean);
  const found = zones.filter((zone) => words.every((word) => plain(zone).includes(word)));
  const first = (zone: string) => words.every((word) => ` ${plain(zone)}`.includes(` ${word}`));
  return [...found.filter(first), ...found.filter((zone) => !first(zone))].slice(0, limit);
}

/** As people read it: `Europe/Isle of Man`. */
export function spoken(zone: string): string {
  return zone.replaceAll("_", " ");
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[/_,\s]+/g, " ")
    .trim();
}
