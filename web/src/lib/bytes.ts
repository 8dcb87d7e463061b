/** How long something is as it is sent. Pure. */
import { isHeld } from "./attached";

/** Of parts with a picture or file in them, which are long and never change. */
const known = new WeakMap<object, number>();

/** In bytes, as JSON without blanks. */
export function bytesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return new TextEncoder().encode(JSON.stringify(value) ?? "null").length;
  const before = known.get(value);
  if (before !== undefined) return before;
  const lengths = Array.isArray(value) ? value.map(bytesOf) : Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : [bytesOf(name) + 1 + bytesOf(one)]));
  const bytes = lengths.reduce((sum, one) => sum + one, 2 + Math.max(0, lengths.length - 1));
  if (isHeld(value)) known.set(value, bytes);
  return bytes;
}
