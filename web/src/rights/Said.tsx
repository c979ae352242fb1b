/** Somebody's words behind what they are, in the direction of their own language. */
export function Said({ as, words, className }: { as: string; words: string; className?: string | undefined }) {
  return (
    <p className={className}>
      {as} <bdi>{words}</bdi>
    </p>
  );
}
