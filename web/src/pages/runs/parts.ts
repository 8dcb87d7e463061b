/** A long file in parts that the API takes at once. Pure. */

/** `from`: the line of the file that the part's first one is, counted from 1. Empty lines count too, so that what is told of a line is found. */
export type LinesPart = { text: string; from: number; lines: number };

const LINES_MOST = 1_000;
const BYTES_MOST = 900_000;

export function partsOf(text: string, { lines: linesMost = LINES_MOST, bytes: bytesMost = BYTES_MOST } = {}): LinesPart[] {
  const encoder = new TextEncoder();
  const found: LinesPart[] = [];
  let part: string[] = [];
  let size = 0;
  let from = 1;
  let filled = 0;
  const close = (next: number) => {
    if (filled > 0) found.push({ text: part.join("\n"), from, lines: filled });
    part = [];
    size = 0;
    filled = 0;
    from = next;
  };
  text
    .replace(/^\ufeff/, "")
    .split("\n")
    .forEach((line, at) => {
      const bytes = encoder.encode(line).length + 1;
      if (part.length > 0 && (part.length >= linesMost || size + bytes > bytesMost)) close(at + 1);
      part.push(line);
      size += bytes;
      if (line.trim()) filled++;
    });
  close(0);
  return found;
}
