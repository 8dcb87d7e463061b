/** The log's reads, and what has come since it was read. */
import { type Pages, read, usePages } from "@/api/hooks";
import type { ExecutionRow } from "@/kit/execution/types";
import { betweenDays } from "@/lib/days";
import { type Codec, type StateOf, id, integer, maybeOneOf, readState, text } from "@/lib/url-state";

export const STATUSES = ["success", "error", "timeout", "rate_limited", "cancelled", "blocked"] as const;
export const LANES = ["interactive", "background", "batch", "imported"] as const;
export const REACTIONS = ["up", "down", "any", "none"] as const;
export const COMMENTED = ["with", "without"] as const;
export const PAGE_ROWS = 50;

/** An amount above 0, as somebody writes it; what is none filters nothing. */
function amount(): Codec<string> {
  return { read: (given) => (typeof given === "string" && isAmount(given) ? given : ""), write: (value) => value || null };
}

export const isAmount = (typed: string) => /^(\d{1,7}(\.\d{0,9})?|\.\d{1,9})$/.test(typed) && Number(typed) > 0;

/** A score from 0 to 1, as somebody writes it. */
function score(): Codec<string> {
  return { read: (given) => (typeof given === "string" && isScore(given) ? given : ""), write: (value) => value || null };
}

export const isScore = (typed: string) => /^(0|1|[01]?\.\d{1,6})$/.test(typed) && Number(typed) <= 1;

/** How the filters stand in the address. `cost` in dollars, `time` in seconds. `since`, `until`: days. `meta` with `value`: a key of metadata and
 * what it holds. `least`, `most`: scores of people, or of the evaluator `judge`. */
export const FILTERS = {
  prompt: text(),
  version: integer(null),
  status: maybeOneOf(STATUSES),
  session: text(),
  user: text(),
  lane: maybeOneOf(LANES),
  job: id(),
  experiment: id(),
  arm: text(),
  since: text(),
  until: text(),
  model: text(),
  provider: text(),
  app: text(),
  key: id(),
  error: text(),
  cost: amount(),
  time: amount(),
  reaction: maybeOneOf(REACTIONS),
  comments: maybeOneOf(COMMENTED),
  meta: text(),
  value: text(),
  judge: id(),
  least: score(),
  most: score(),
};

export type Filters = StateOf<typeof FILTERS>;

export const NO_FILTERS = readState(FILTERS, {});

/** Those that stand in the row of further filters. */
export const LESS_USED = ["since", "until", "model", "provider", "app", "key", "error", "cost", "time", "reaction", "comments", "meta", "value", "judge", "least", "most"] as const satisfies readonly (keyof Filters)[];

/** Those that have a control: all but what only a link sets, which stands beside them by itself. */
export const SHOWN_FILTERS = ["prompt", "version", "status", "lane", "user", "session", ...LESS_USED] as const satisfies readonly (keyof Filters)[];

export function queryOf(filters: Filters): Record<string, unknown> {
  return { ...askedOf(filters), limit: PAGE_ROWS };
}

/** The same for the file of all of them: what is not asked for is left out. */
export function fileQueryOf(filters: Filters): Record<string, string> {
  return Object.fromEntries(Object.entries(askedOf(filters)).flatMap(([name, value]) => (value === null || value === undefined || value === "" ? [] : [[name, String(value)]])));
}

function askedOf({ prompt, version, status, session, user, lane, job, experiment, arm, since, until, model, provider, app, key, error, cost, time, reaction, comments, meta, value, judge, least, most }: Filters): Record<string, unknown> {
  return {
    prompt,
    version: prompt ? version : null,
    status,
    session_id: session,
    user_id: user,
    lane,
    job_id: job || null,
    experiment_id: experiment || null,
    arm: experiment && arm ? arm : null,
    model,
    provider,
    app,
    api_key_id: key || null,
    error_code: error,
    min_cost_nusd: cost ? Math.round(Number(cost) * 1e9) : null,
    min_latency_ms: time ? Math.round(Number(time) * 1_000) : null,
    reaction,
    has_comments: comments ? comments === "with" : null,
    ...(meta && value ? { [`metadata[${meta}]`]: value } : {}),
    evaluator_id: judge || null,
    min_score: least || null,
    max_score: most || null,
    ...betweenDays(since, until),
  };
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
