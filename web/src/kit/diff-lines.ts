/** The least number of pieces to take out and put in (Myers, 1986): of lines, and of words within changed lines. */

export type Piece = { kind: "same" | "out" | "in"; text: string };
export type Row = { kind: "same" | "out" | "in"; before: number | null; after: number | null; pieces: Piece[] };

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
  const most = Math.min(a.length + b.length, MOST_EDITS);
  let reached = new Map<number, number>([[1, 0]]);
  const trail: Map<number, number>[] = [];
  for (let edits = 0; edits <= most; edits++) {
    trail.push(new Map(reached));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && at(reached, k - 1) < at(reached, k + 1));
      let x = down ? at(reached, k + 1) : at(reached, k - 1) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      reached.set(k, x);
      if (x >= a.length && y >= b.length) return walkBack(a, b, trail);
    }
    reached = new Map(reached);
  }
  return all();
}

function at(reached: Map<number, number>, k: number): number {
  return reached.get(k) ?? 0;
}

function walkBack(a: readonly string[], b: readonly string[], trail: Map<number, number>[]): Piece[] {
  const found: Piece[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trail.length - 1; edits >= 0; edits--) {
    const reached = trail[edits] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -edits || (k !== edits && at(reached, k - 1) < at(reached, k + 1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = at(reached, fromK);
    const fromY = fromX - fromK;
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

const words = (line: string) => line.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

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
  const lines = diffLists(before.split("\n"), after.split("\n"));
  let left = 0;
  let right = 0;
  for (let index = 0; index < lines.length; ) {
    const outs: string[] = [];
    const ins: string[] = [];
    while (index < lines.length && lines[index]?.kind !== "same") {
      const line = lines[index++];
      if (line) (line.kind === "out" ? outs : ins).push(line.text);
    }
    const pairs = outs.map((text, n) => (ins[n] === undefined ? null : changedWords(text, ins[n])));
    outs.forEach((text, n) => rows.push({ kind: "out", before: ++left, after: null, pieces: pairs[n]?.filter((one) => one.kind !== "in") ?? [{ kind: "same", text }] }));
    ins.forEach((text, n) => rows.push({ kind: "in", before: null, after: ++right, pieces: pairs[n]?.filter((one) => one.kind !== "out") ?? [{ kind: "same", text }] }));
    const same = lines[index];
    if (same) {
      rows.push({ kind: "same", before: ++left, after: ++right, pieces: [{ kind: "same", text: same.text }] });
      index++;
    }
  }
  return rows;
}

/** The words that differ, or null where hardly any are shared: then marking them would only be noise. */
function changedWords(before: string, after: string): Piece[] | null {
  const pieces = diffLists(words(before), words(after));
  const shared = pieces.reduce((sum, one) => sum + (one.kind === "same" ? one.text.trim().length : 0), 0);
  return shared * 3 < Math.max(before.length, after.length) ? null : joinRuns(pieces);
}
