/** Without case and accents: `zielinski` finds Zieliński, and a hamza or a vowel sign is no obstacle. */
export function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
