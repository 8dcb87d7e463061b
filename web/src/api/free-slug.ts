/** A name for a prompt that none has yet. */
import { useRead } from "./hooks";

const SLUG_MOST = 63;
const TRIED = 20;

/** The name itself, then with -2, -3 and so on behind it. */
export function namesLike(wanted: string): string[] {
  const behind = Array.from({ length: TRIED - 1 }, (_, at) => `-${at + 2}`);
  return ["", ...behind].map((end) => wanted.slice(0, SLUG_MOST - end.length).replace(/-+$/, "") + end);
}

/** The first of such names that no prompt has, put away or not; until that is known, and where all are taken, the name itself. */
export function useFreeSlug(wanted: string): string {
  const names = namesLike(wanted);
  const query = { slug: names, limit: names.length };
  const active = useRead("/v1/prompts", { query }, { enabled: wanted !== "" });
  const archived = useRead("/v1/prompts", { query: { ...query, archived: true } }, { enabled: wanted !== "" });
  const first = names[0] ?? wanted;
  if (!active.data || !archived.data || active.isPlaceholderData || archived.isPlaceholderData) return first;
  const taken = new Set([...active.data.data, ...archived.data.data].map((one) => one.slug));
  return names.find((one) => !taken.has(one)) ?? first;
}
