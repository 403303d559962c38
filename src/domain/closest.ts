/**
 * The candidate that a mistyped word probably means: at most so many edits away, and at most half of its letters wrong.
 */
export function closest(word: string, candidates: readonly string[], edits = 2): string | null {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= edits && entry.distance * 2 <= entry.candidate.length)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate ?? null;
}

/** What is wrong with a name that is not one of the known ones: which one it probably means, else which there are. */
export function notKnown(name: string, known: readonly string[]): string {
  const guess = closest(name, known);
  return guess === null
    ? `is not known; allowed here: ${known.join(', ')}`
    : `is not known; did you mean ${guess}?`;
}

/** Levenshtein distance, in which two letters that changed places are one edit. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swap =
        i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
          ? (before[j - 2] ?? 0) + 1
          : change;
      next.push(Math.min(change, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
