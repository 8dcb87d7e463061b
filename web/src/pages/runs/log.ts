/** The log's reads, and what has come since it was read. */
import { type Pages, read, usePages } from "@/api/hooks";
import type { ExecutionRow } from "@/kit/execution/types";

export type Filters = { prompt: string; version: number | null; status: string | null; session: string; user: string; lane: string | null; job: string; experiment: string; arm: string };

export const STATUSES = ["success", "error", "timeout", "rate_limited", "cancelled", "blocked"] as const;
export const LANES = ["interactive", "background", "batch", "imported"] as const;
export const PAGE_ROWS = 50;

export function queryOf({ prompt, version, status, session, user, lane, job, experiment, arm }: Filters): Record<string, unknown> {
  return { prompt, version: prompt ? version : null, status, session_id: session, user_id: user, lane, job_id: idIn(job), experiment_id: idIn(experiment), arm: idIn(experiment) && arm ? arm : null, limit: PAGE_ROWS };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What somebody typed into the address is asked for only where it can be an id. */
const idIn = (text: string) => (UUID.test(text) ? text : null);

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
