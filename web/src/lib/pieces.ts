/** Several texts of one message, which are edited as one. Pure. */

/** What stands between two of them in the editor. */
const BETWEEN = "\n";

export const joined = (pieces: readonly string[]) => pieces.join(BETWEEN);

/** The pieces of so many characters each that make the whole; null where they do not. */
export function piecesOf(whole: string, lengths: readonly number[]): string[] | null {
  let next = 0;
  const pieces = lengths.map((length) => {
    const piece = whole.slice(next, next + length);
    next += length + BETWEEN.length;
    return piece;
  });
  return lengths.every((length, at) => pieces[at]!.length === length) && joined(pieces) === whole ? pieces : null;
}

/** The pieces after somebody made `edited` of them: as many as before, each with what was changed in it. Where a change goes over several, the
 * first of them has all of it, and the others are null. */
export function editedPieces(pieces: readonly string[], edited: string): (string | null)[] {
  const whole = joined(pieces);
  if (edited === whole) return [...pieces];
  const shortest = Math.min(whole.length, edited.length);
  let from = 0;
  while (from < shortest && whole[from] === edited[from]) from++;
  let same = 0;
  while (same < shortest - from && whole[whole.length - 1 - same] === edited[edited.length - 1 - same]) same++;
  const to = whole.length - same;
  let next = 0;
  const spans = pieces.map((one) => {
    const begin = next;
    next = begin + one.length + BETWEEN.length;
    return { begin, end: begin + one.length };
  });
  const first = spans.findIndex(({ end }) => from <= end);
  const last = spans.findLastIndex(({ begin }) => begin <= to);
  return pieces.map((one, at) => {
    if (at < first || at > last) return one;
    return at === first ? edited.slice(spans[first]!.begin, edited.length - (whole.length - spans[last]!.end)) : null;
  });
}
