/** What of a comparison is on screen: what changed with a little around it, and of much of that the beginning. */
import type { Row } from "./diff-lines";

const CONTEXT = 3;
/** A fold of fewer lines would take as much room as they do. */
const LEAST_FOLDED = 3;

/** Lines that are put on screen at once; a browser takes thousands of them slowly. */
export const AT_ONCE = 400;

export type Part = { at: number; row: Row } | { /** Where the fold begins; it is the same one however much of it is open. */ fold: number; hidden: number };

/** From one line to another, which is not among them. */
type Stretch = { from: number; to: number; isNear: boolean };

/** The rows as stretches near a change and stretches far from any. */
export function stretches(rows: readonly Row[]): Stretch[] {
  const found: Stretch[] = [];
  const add = (from: number, to: number, isNear: boolean) => {
    const last = found.at(-1);
    if (last?.isNear === isNear) last.to = to;
    else if (to > from) found.push({ from, to, isNear });
  };
  let done = 0;
  rows.forEach((row, at) => {
    if (row.kind === "same") return;
    const begin = Math.max(done, at - CONTEXT);
    if (begin > done) add(done, begin, begin - done < LEAST_FOLDED);
    done = Math.min(rows.length, at + CONTEXT + 1);
    add(begin, done, true);
  });
  if (done < rows.length) add(done, rows.length, rows.length - done < LEAST_FOLDED);
  return found;
}

/** The parts to show: at most `most` lines, and of each fold what was asked for. `left`: lines that follow them, `changed` of these. */
export function partsOf(rows: readonly Row[], found: readonly Stretch[], open: ReadonlyMap<number, number>, most: number): { parts: Part[]; left: number; changed: number } {
  const parts: Part[] = [];
  let lines = 0;
  for (const { from, to, isNear } of found) {
    const until = isNear ? to : Math.min(to, from + (open.get(from) ?? 0));
    for (let at = from; at < until; at++) {
      const row = rows[at];
      if (!row) continue;
      if (lines === most) return { parts, left: rows.length - at, changed: rows.slice(at).filter((one) => one.kind !== "same").length };
      parts.push({ at, row });
      lines++;
    }
    if (until < to) parts.push({ fold: from, hidden: to - until });
  }
  return { parts, left: 0, changed: 0 };
}
