/** Every method as a request. Fields of the API have the API's own names. */
import type { Call } from "./wire.js";
import { withoutNulls } from "./wire.js";

/** Waits no longer, or ends the call, when the signal says so. */
export type Abortable = { signal?: AbortSignal | undefined };

/** What is null or undefined is as good as not given. */
export type Optional<Given> = { [Name in keyof Given]?: Given[Name] | null | undefined };

export type Message = { role: string; content?: unknown; name?: string; [more: string]: unknown };
export type Variables = Record<string, unknown>;

/** What may be given with an execution. Anything else of the body goes through `request`. */
export type ExecutionOptions = Abortable &
  Optional<{
    label: string;
    version: number;
    messages: readonly Message[];
    model: string;
    overrides: Record<string, unknown>;
    user_id: string;
    session_id: string;
    app: string;
    metadata: Record<string, unknown>;
    deadline_s: number;
    client_request_id: string;
    fallback_models: readonly string[];
    /** Of `model: "auto"`. */
    requirements: Record<string, unknown>;
    /** True takes an answer that was given before. */
    cache: boolean | { mode?: "off" | "deterministic" | "always"; ttl_s?: number };
    /** What calls without a prompt are grouped by. */
    prompt_key: string;
    /** The answer is `{ id, status: "queued" }`; `awaitExecution` waits for the rest. */
    background: boolean;
    idempotency_key: string;
  }>;

/** What a reaction says, at least one of the first five. `metric`: a name of yours and its value. */
export type FeedbackOptions = Abortable &
  Optional<{
    thumb: "up" | "down";
    /** 0 to 1. */
    score: number;
    comment: string;
    correction: string;
    metric: { name: string; value: number };
    session_id: string;
    /** An execution made elsewhere, in place of one of ours. */
    imported: { source: string; id: string };
    user_id: string;
    context: Record<string, unknown>;
    /** A UUID of yours; given again, the reaction replaces the earlier one. */
    feedback_id: string;
    idempotency_key: string;
  }>;

/** `max_cost_nusd`: it pauses before it would cost more. */
export type BatchOptions = Abortable &
  Optional<{ prompt: string; label: string; name: string; models: readonly string[]; versions: readonly number[]; max_cost_nusd: number; app: string; metadata: Record<string, string>; idempotency_key: string }>;

export type BudgetTarget = "workspace" | "api_key" | "prompt" | "end_user";
/** Those of a target, or those that a call of this end user counts against. */
export type BudgetFilters = { target_kind?: BudgetTarget; target_id?: string; end_user?: string };
/** Money in billionths of a dollar. `hard: false` lets calls go on beyond it; `warn_percent: null` never warns. */
export type BudgetChanges = { limit_nusd?: number; name?: string; hard?: boolean; warn_percent?: number | null };
/** `target_id`: of a key its id, of a prompt its slug, of an end user your own id; without one for the workspace. */
export type NewBudget = BudgetChanges & { target_kind: BudgetTarget; target_id?: string; limit_nusd: number; period: "day" | "month" };

export type SourceType = "conversation" | "youtube" | "document";
/** A text; messages; or `messages`, `content`, `id` or `url` with `external_id`, `user_id`, `metadata`. */
export type Chat = string | readonly Message[] | ({ messages?: readonly Message[] } & Omit<EnrichmentContent, "content"> & { content?: unknown });
export type EnrichmentContent = Optional<{ content: unknown; id: string; url: string; external_id: string; user_id: string; metadata: Record<string, unknown> }>;
/** `id`: of a stored content, in place of one that is sent; `url`: where it lies. `limitS`: 0 returns at once. */
export type EnrichmentOptions = Abortable & Omit<EnrichmentContent, "content"> & { limitS?: number | undefined; idempotency_key?: string | null | undefined };
export type EnrichmentCounts = { total: number; pending: number; processing: number; completed: number; failed: number; cancelled: number };

export const ENRICHMENT_ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);
/** How much longer than its own deadline an execution is waited for. */
const AFTER_DEADLINE_S = 10;
/** Contents that one call of the API takes; more are sent in several. */
const MOST_AT_ONCE = 500;

/** POST /v1/executions. */
export function execute(prompt: string | null, variables: Variables | null | undefined, options: ExecutionOptions, given: { stream: boolean; timeoutS: number }): Call {
  const { signal, idempotency_key, background, stream = given.stream, ...rest } = options as ExecutionOptions & { stream?: unknown };
  if (Boolean(stream) !== given.stream) throw new TypeError("stream: is another method: burnish.stream(…) gives the answer piece by piece, burnish.execute(…) whole.");
  const shape = given.stream ? { stream: true } : { response_shape: "with_metadata" };
  const body = withoutNulls({ prompt, variables, ...rest, ...shape, ...(background ? { mode: "background" } : {}) });
  const timeoutS = options.deadline_s === undefined || options.deadline_s === null ? given.timeoutS : Math.max(given.timeoutS, options.deadline_s + AFTER_DEADLINE_S);
  return { method: "POST", path: "/v1/executions", body, headers: keyed(idempotency_key), timeoutS, signal };
}

/** POST /v1/feedback, on an execution or a session. */
export function feedback(executionId: string | null, { signal, idempotency_key, ...given }: FeedbackOptions): Call {
  return { method: "POST", path: "/v1/feedback", body: withoutNulls({ execution_id: executionId, ...given }), headers: keyed(idempotency_key), signal };
}

/** POST /v1/batches: the same request for each of `inputs`, which are variables; times `models` or `versions` where given. */
export function startBatch(inputs: readonly Variables[], { signal, idempotency_key, prompt, label, app, ...rest }: BatchOptions): Call {
  const body = { inputs: inputs.map((variables) => ({ variables })), request: withoutNulls({ prompt, label, app }), ...withoutNulls(rest) };
  return { method: "POST", path: "/v1/batches", body, headers: keyed(idempotency_key), signal };
}

/** POST /v1/enrichments. The server waits up to `waitS` for the result. */
export function enrich(sourceType: SourceType, content: Chat | null | undefined, { signal, idempotency_key, ...given }: EnrichmentOptions, waitS: number): Call {
  const body = withoutNulls({ source_type: sourceType, ...given, limitS: undefined, ...(content === null || content === undefined ? {} : contentOf(content)) });
  return { method: "POST", path: "/v1/enrichments", body, query: { wait_s: waitS }, headers: keyed(idempotency_key), signal };
}

/** POST /v1/enrichments/batch, as often as it takes. */
export function groups(sourceType: SourceType, contents: readonly Chat[], { signal }: Abortable): Call[] {
  const items = contents.map(contentOf);
  const parts = Array.from({ length: Math.ceil(items.length / MOST_AT_ONCE) }, (_, at) => items.slice(at * MOST_AT_ONCE, (at + 1) * MOST_AT_ONCE));
  return parts.map((part) => ({ method: "POST", path: "/v1/enrichments/batch", body: { source_type: sourceType, items: part }, signal }));
}

function contentOf(chat: Chat): EnrichmentContent {
  if (typeof chat === "string") return { content: chat };
  if (isMessages(chat)) return { content: { messages: chat } };
  const { messages, ...rest } = chat;
  return messages === undefined ? rest : { ...rest, content: { messages } };
}

function isMessages(chat: Chat): chat is readonly Message[] {
  return Array.isArray(chat);
}

function keyed(key: string | null | undefined): Record<string, string> {
  return key === undefined || key === null ? {} : { "idempotency-key": key };
}
