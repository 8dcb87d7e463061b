/** The log's reads, and what has come since it was read. */
import { type Pages, read, usePages } from "@/api/hooks";
import type { ExecutionRow } from "@/kit/execution/types";
import { type StateOf, id, integer, maybeOneOf, text } from "@/lib/url-state";

export const STATUSES = ["success", "error", "timeout", "rate_limited", "cancelled", "blocked"] as const;
export const LANES = ["interactive", "background", "batch", "imported"] as const;
export const PAGE_ROWS = 50;

/** How the filters stand in the address. */
export const FILTERS = { prompt: text(), version: integer(null), status: maybeOneOf(STATUSES), session: text(), user: text(), lane: maybeOneOf(LANES), job: id(), experiment: id(), arm: text() };

export type Filters = StateOf<typeof FILTERS>;

export function queryOf({ prompt, version, status, session, user, lane, job, experiment, arm }: Filters): Record<string, unknown> {
  return { prompt, version: prompt ? version : null, status, session_id: session, user_id: user, lane, job_id: job || null, experiment_id: experiment || null, arm: experiment && arm ? arm : null, limit: PAGE_ROWS };
}

/** The API describes the answer as an object; a row's type stands in kit/execution/types.ts. */
export function useRuns(filters: Filters): Pages<ExecutionRow> {
  return usePages("/v1/executions" as "/v1/prompts", { query: queryOf(filters) as never }) as unknown as Pages<ExecutionRow>;
}

/** How many of the newest page are not on screen yet. Ids of executions grow with time, so that they can be compared as they are. */
export async function countNew(filters: Filters, newest: string | undefined, signal: AbortSignal): Promise<number> {
  const found = (await read("/v1/executions" as "/v1/prompts", { query: queryOf(filters) as never }, signal)) as unknown as { data: ExecutionRow[] };
  return newerThan(found.data, newest);
}

export function newerThan(rows: readonly { id: string }[], newest: string | undefined): number {
  return newest === undefined ? rows.length : rows.filter((row) => row.id > newest).length;
}

/** "12 new", "50+ new": beyond a page nobody counts. */
export function newInWords(found: number): string {
  return `${found >= PAGE_ROWS ? `${PAGE_ROWS}+` : found} new`;
}

/** Where the money of an execution went: each attempt, and what the use of the operator's key adds. Sums up to the cost. */
export function costParts(one: { cost_nusd: number; markup_nusd: number; attempts: readonly { cost_nusd: number }[] }): { model: number; failed: number; markup: number } {
  const markup = one.markup_nusd;
  const model = one.cost_nusd - markup;
  const failed = one.attempts.slice(0, -1).reduce((sum, attempt) => sum + attempt.cost_nusd, 0);
  return { model: Math.max(0, model - Math.min(model, failed)), failed: Math.min(model, failed), markup };
}
