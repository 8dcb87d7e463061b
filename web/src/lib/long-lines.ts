/** Lines so long that each mark within slows every key: the browser lays a line out as a whole. */

/** In characters. With a slot every 24 of them a key takes some 20 ms at this length, and some 200 at four times as much. */
export const LONG_LINE = 10_000;
/** Variables of a long line that are said to be unknown; the rest is found when those are mended. */
export const UNKNOWN_MOST = 20;

/** The number of the first line that is too long for marks, from 1; null where none is. */
export function firstLongLine(text: string): number | null {
  for (let from = 0, number = 1; text.length - from > LONG_LINE; number++) {
    const end = text.indexOf("\n", from);
    if ((end < 0 ? text.length : end) - from > LONG_LINE) return number;
    from = end + 1;
  }
  return null;
}
