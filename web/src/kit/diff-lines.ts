/** The least number of pieces to take out and put in (Myers, 1986): of lines, and of words within changed lines. */

export type Piece = { kind: "same" | "out" | "in"; text: string };
/** A line of one side, or of both. `pieces` are found when they are asked for: of a long comparison a small part is on screen. */
export type Row = { kind: "same" | "out" | "in"; before: number | null; after: number | null; pieces: () => readonly Piece[] };

const MOST_EDITS = 2_000;

/** The difference of two lists as runs. Where more than MOST_EDITS would differ, all of one is out and all of the other is in. */
export function diffLists(before: readonly string[], after: readonly string[]): Piece[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const same = (text: string): Piece => ({ kind: "same", text });
  const middle = shortest(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  return [...before.slice(0, head).map(same), ...middle, ...before.slice(before.length - tail).map(same)];
}

function shortest(a: readonly string[], b: readonly string[]): Piece[] {
  const all = (): Piece[] => [...a.map((text): Piece => ({ kind: "out", text })), ...b.map((text): Piece => ({ kind: "in", text }))];
  if (a.length === 0 || b.length === 0) return all();
  const [left, right] = numbered(a, b);
  const most = Math.min(a.length + b.length, MOST_EDITS);
  // How far each diagonal k has come, at k + middle; one more than `most` on either side is looked at, and never reached.
  const middle = most + 1;
  const reached = new Int32Array(2 * middle + 1);
  // What was reached before each edit, of the diagonals that it could have come to: k from -edits to edits.
  const trail: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits++) {
    trail.push(reached.slice(middle - edits, middle + edits + 1));
    for (let k = -edits; k <= edits; k += 2) {
      const at = middle + k;
      const [below, above] = [reached[at - 1] ?? 0, reached[at + 1] ?? 0];
      let x = k === -edits || (k !== edits && below < above) ? above : below + 1;
      while (x < left.length && x - k < right.length && left[x] === right[x - k]) x++;
      reached[at] = x;
      if (x >= left.length && x - k >= right.length) return walkBack(a, b, trail);
    }
  }
  return all();
}

/** A number for each text, the same for the same one: they are compared very often, and may be long. */
function numbered(a: readonly string[], b: readonly string[]): [Int32Array, Int32Array] {
  const known = new Map<string, number>();
  const numberOf = (text: string) => {
    const found = known.get(text) ?? known.size;
    known.set(text, found);
    return found;
  };
  return [Int32Array.from(a, numberOf), Int32Array.from(b, numberOf)];
}

function walkBack(a: readonly string[], b: readonly string[], trail: readonly Int32Array[]): Piece[] {
  const found: Piece[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trail.length - 1; edits >= 0; edits--) {
    const at = (k: number) => trail[edits]?.[k + edits] ?? 0;
    const k = x - y;
    const down = k === -edits || (k !== edits && at(k - 1) < at(k + 1));
    const fromX = at(down ? k + 1 : k - 1);
    const fromY = fromX - (down ? k + 1 : k - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      found.push({ kind: "same", text: a[x - 1] ?? "" });
      x--;
      y--;
    }
    if (edits === 0) break;
    if (down) found.push({ kind: "in", text: b[--y] ?? "" });
    else found.push({ kind: "out", text: a[--x] ?? "" });
  }
  return found.reverse();
}

// Scripts that put no blanks between words: each character is one, with its marks.
const NO_BLANKS = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Myanmar", "Khmer"].map((script) => `\\p{Script=${script}}`).join("");
const WORDS = new RegExp(`\\s+|[${NO_BLANKS}]\\p{M}*|(?:(?![${NO_BLANKS}])[\\p{L}\\p{N}_])+|[^\\s\\p{L}\\p{N}_]`, "gu");
const words = (line: string) => line.match(WORDS) ?? [];

function joinRuns(pieces: Piece[]): Piece[] {
  const runs: Piece[] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last?.kind === piece.kind) last.text += piece.text;
    else runs.push({ ...piece });
  }
  return runs;
}

/** Rows of a diff by line; a line that was changed, not replaced, tells which of its words were. */
export function diffRows(before: string, after: string): Row[] {
  const rows: Row[] = [];
  const lines = diffLists(linesOf(before), linesOf(after));
  let left = 0;
  let right = 0;
  for (let index = 0; index < lines.length; ) {
    const outs: string[] = [];
    const ins: string[] = [];
    while (index < lines.length && lines[index]?.kind !== "same") {
      const line = lines[index++];
      if (line) (line.kind === "out" ? outs : ins).push(line.text);
    }
    const pairs = outs.map((text, n) => (ins[n] === undefined ? null : once(() => changedWords(text, ins[n] ?? ""))));
    const side = (kind: "out" | "in", text: string, n: number) => () => pairs[n]?.()?.filter((one) => one.kind === "same" || one.kind === kind) ?? [{ kind: "same" as const, text }];
    outs.forEach((text, n) => rows.push({ kind: "out", before: ++left, after: null, pieces: side("out", text, n) }));
    ins.forEach((text, n) => rows.push({ kind: "in", before: null, after: ++right, pieces: side("in", text, n) }));
    const same = lines[index];
    if (same) {
      rows.push({ kind: "same", before: ++left, after: ++right, pieces: () => [same] });
      index++;
    }
  }
  return rows;
}

function once<T>(find: () => T): () => T {
  let found: { it: T } | null = null;
  return () => (found ??= { it: find() }).it;
}

/** The words that differ, or null where hardly any are shared: then marking them would only be noise. */
function changedWords(before: string, after: string): Piece[] | null {
  const pieces = diffLists(words(before), words(after));
  const shared = pieces.reduce((sum, one) => sum + (one.kind === "same" ? one.text.trim().length : 0), 0);
  return shared * 3 < Math.max(before.length, after.length) ? null : joinRuns(pieces);
}

/** A text that is empty has no lines: nothing is taken out where something new came. */
function linesOf(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}
