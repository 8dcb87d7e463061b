/** The sequences at which a model stops, as they are written in a field: one a line. Pure. */
const WRITTEN: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const MEANT = Object.fromEntries(Object.entries(WRITTEN).map(([one, written]) => [written, one]));

export function stopText(value: unknown): string {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((one) => typeof one === "string").map((one) => one.replace(/[\\\n\r\t]/g, (found) => WRITTEN[found] ?? found)).join("\n"); // prettier-ignore
}

/** One by itself, several as a list. Blanks count: a model stops only at what is exactly so. */
export function stopFrom(text: string): string | string[] | undefined {
  const all = text.split("\n").filter((line) => line !== "").map((line) => line.replace(/\\[\\nrt]/g, (found) => MEANT[found] ?? found)); // prettier-ignore
  return all.length > 1 ? all : all[0];
}
