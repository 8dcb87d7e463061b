/** Two changes of one text, line by line. Pure. */
import { diffLists } from "@/kit/diff-lines";

/** Lines from `from` to before `to` of the base became these. */
type Hunk = { from: number; to: number; lines: string[] };

/** The text with both changes in it; null where both changed the same lines, or lines next to each other, in different ways. */
export function mergedText(base: string, theirs: string, mine: string): string | null {
  if (base === theirs || theirs === mine) return mine;
  if (base === mine) return theirs;
  const lines = base.split("\n");
  const [a, b] = [hunksOf(lines, theirs.split("\n")), hunksOf(lines, mine.split("\n"))];
  const taken: Hunk[] = [...b];
  for (const one of a) {
    const met = b.filter((other) => one.from <= other.to && other.from <= one.to);
    if (met.length === 0) taken.push(one);
    else if (met.length > 1 || !isSame(one, met[0])) return null;
  }
  taken.sort((one, other) => one.from - other.from);
  const merged: string[] = [];
  let at = 0;
  for (const one of taken) {
    merged.push(...lines.slice(at, one.from), ...one.lines);
    at = one.to;
  }
  return [...merged, ...lines.slice(at)].join("\n");
}

function isSame(one: Hunk, other: Hunk | undefined): boolean {
  return one.from === other?.from && one.to === other.to && one.lines.join("\n") === other.lines.join("\n");
}

function hunksOf(before: readonly string[], after: readonly string[]): Hunk[] {
  const found: Hunk[] = [];
  let at = 0;
  let open: Hunk | null = null;
  for (const piece of diffLists(before, after)) {
    if (piece.kind === "same") {
      open = null;
      at++;
      continue;
    }
    if (!open) found.push((open = { from: at, to: at, lines: [] }));
    if (piece.kind === "in") open.lines.push(piece.text);
    else open.to = ++at;
  }
  return found;
}
