import type { ExecutionRow } from "./types";

/** When it was made: an imported one at its own time, and not when it came in. Apart from what reads messages, which lists do without. */
export function madeAt(one: Pick<ExecutionRow, "lane" | "created_at" | "finished_at">): string {
  return one.lane === "imported" ? one.finished_at : one.created_at;
}
