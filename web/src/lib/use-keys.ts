import { useRef } from "react";

/** Keys for the entries of a list that has none of its own, such as messages that an address holds. `without`: to be told when one is taken out, so
 * that those behind it keep theirs, and with them what had the focus. What comes stands at the end. */
export function useKeys(length: number): { keys: readonly number[]; without: (index: number) => void } {
  const made = useRef(0);
  const keys = useRef<readonly number[]>([]);
  const now = keys.current.length;
  if (now < length) keys.current = [...keys.current, ...Array.from({ length: length - now }, () => made.current++)];
  else if (now > length) keys.current = keys.current.slice(0, length);
  return { keys: keys.current, without: (index) => (keys.current = keys.current.filter((_, at) => at !== index)) };
}
