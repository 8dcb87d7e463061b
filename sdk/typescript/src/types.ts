/** Answers of the API. Generated from the API's description by sdk/python/generate.py; do not edit. */

/** The body of the terminal frame, and of the public answer: the same facts as the row in the books, so a replay has the … */
export interface Execution {
  arm?: string | null;
  attempts?: Attempt[];
  beside?: Beside | null;
  cached?: boolean;
  choices?: Choice[] | null;
  cost_nusd: number;
  cost_split?: CostSplit | null;
  credits?: string;
  error?: ErrorInfo | null;
  experiment_id?: string | null;
  finish_reason: string | null;
  first_token_ms: number | null;
  id: string;
  key_source?: "none" | "own" | "platform" | null;
  label?: string | null;
  latency_ms: number;
  markup_nusd?: number;
  model: string;
  output: string | null;
  output_json?: unknown;
  overage_nusd?: number;
  price_version?: string | null;
  prompt: string | null;
  provider: string;
  provider_key_id?: string | null;
  routing?: Routing | null;
  simulated: boolean;
  status: "success" | "error" | "timeout" | "rate_limited" | "cancelled" | "blocked";
  system_fingerprint?: string | null;
  tool_calls?: Record<string, unknown>[] | null;
  usage: Usage;
  version: number | null;
}

/** `status`: `validating` until somebody works on it. */
export interface Batch {
  cancelled_at: number | null;
  cancelling_at: number | null;
  completed_at: number | null;
  completion_window: string;
  cost_nusd: number;
  created_at: number;
  created_by: string;
  credits: string;
  endpoint: string;
  error: Record<string, unknown> | null;
  error_file_id: string | null;
  errors?: LineErrors | null;
  expired_at: number | null;
  expires_at: number;
  failed_at: number | null;
  finalizing_at?: number | null;
  id: string;
  in_progress_at: number | null;
  input_file_id: string | null;
  metadata: Record<string, string>;
  most_nusd: number;
  name: string | null;
  object?: "batch";
  output_file_id: string | null;
  pause_reason: "asked" | "funds" | "budget" | "suspended" | "refused" | null;
  request_counts: Counts;
  results: string;
  set_aside_nusd: number;
  simulated: boolean | null;
  status: "validating" | "in_progress" | "pausing" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "expired";
  waiting_for: Waits[];
}

/** `spent_nusd`: booked in the running period; `held_nusd`: of calls under way; `left_nusd`: what a hard budget still lets … */
export interface Budget {
  closed_at: string | null;
  created_at: string;
  created_by: string;
  end_users: number | null;
  end_users_used_up: number | null;
  hard: boolean;
  held_nusd: number;
  id: string;
  left_nusd: number;
  limit_nusd: number;
  name: string;
  period: "day" | "month";
  resets_at: string;
  spent_nusd: number;
  target_id: string | null;
  target_kind: "workspace" | "api_key" | "prompt" | "end_user";
  warn_percent: number | null;
}

/** On an execution, a session or a run of a chain: the one of the three ids that is not null. */
export interface RunComment {
  author: string;
  body: string;
  chain_run_id: string | null;
  created_at: string;
  edited_at: string | null;
  execution_id: string | null;
  id: string;
  mentions: MentionAnswer[];
  reply_to: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
  session_id: string | null;
}

/** A prompt with one of its versions: `label` is the one it was reached by. */
export interface PromptVersion {
  app_contexts: string[];
  archived_at: string | null;
  cache?: Record<string, unknown> | null;
  cacheable_messages?: number | null;
  categories: string[];
  config?: Record<string, unknown> | null;
  created_at: string;
  created_by: string;
  description: string;
  estimated: Estimated;
  examples?: Record<string, unknown> | null;
  extra?: Record<string, unknown> | null;
  fallback_cheaper?: boolean | null;
  fallback_models?: string[] | null;
  fallback_version?: number | null;
  features?: string[] | null;
  folder: string;
  frequency_penalty?: number | null;
  id: string;
  input_validators?: Record<string, unknown>[] | null;
  json_schema?: Record<string, unknown> | null;
  label?: string | null;
  labels: Record<string, number>;
  latest_version: number;
  locked_blocks: string[];
  logit_bias?: Record<string, number> | null;
  logprobs?: boolean | null;
  max_completion_tokens?: number | null;
  max_tokens?: number | null;
  messages: Record<string, unknown>[];
  model: string;
  n?: number | null;
  name: string;
  output_format?: string | null;
  output_validators?: Record<string, unknown>[] | null;
  parallel_tool_calls?: boolean | null;
  parameters?: Record<string, unknown> | null;
  presence_penalty?: number | null;
  provider?: string | null;
  quality_threshold?: number | null;
  reasoning_effort?: string | null;
  repair_output?: boolean | null;
  requirements?: Record<string, unknown> | null;
  response_format?: Record<string, unknown> | null;
  retry_policy?: Record<string, unknown> | null;
  rules: string[];
  seed?: number | null;
  slug: string;
  snippets?: Record<string, number> | null;
  stop?: string | string[] | null;
  success_criteria?: string[] | null;
  tags: string[];
  temperature?: number | null;
  test_cases?: Record<string, unknown>[] | null;
  timeout_s?: number | null;
  tool_choice?: string | Record<string, unknown> | null;
  tools?: Record<string, unknown>[] | null;
  top_logprobs?: number | null;
  top_p?: number | null;
  updated_at: string;
  use_case: string;
  variables: VariableAnswer[];
  variants?: Record<string, unknown>[] | null;
  version: number;
  version_created_at: string;
  visibility: "private" | "organization" | "public";
  warnings?: string[] | null;
}

export interface StartedOptimization {
  forecast: ForecastAnswer;
  id: string;
  status?: string;
}

export interface Enrichment {
  computed_at: string | null;
  content: Record<string, unknown> | null;
  created_at: string;
  error: EnrichmentError | null;
  external_id: string | null;
  group_id: string | null;
  id: string;
  metadata: Record<string, unknown>;
  model: string | null;
  processing_status: string;
  progress: Record<string, number>;
  prompt: string | null;
  result: Record<string, unknown> | null;
  session_id: string | null;
  simulated: boolean;
  source_type: string;
  updated_at: string;
  url: string | null;
  usage: Record<string, number>;
  version: number | null;
}

/** `progress`: calls that are done of those it takes; merging adds to them. */
export interface EnrichmentItem {
  computed_at: string | null;
  created_at: string;
  error: EnrichmentError | null;
  external_id: string | null;
  group_id: string | null;
  id: string;
  metadata: Record<string, unknown>;
  model: string | null;
  processing_status: string;
  progress: Record<string, number>;
  prompt: string | null;
  result: Record<string, unknown> | null;
  session_id: string | null;
  simulated: boolean;
  source_type: string;
  updated_at: string;
  url: string | null;
  usage: Record<string, number>;
  version: number | null;
}

/** Contents that one call sent: `GET /v1/enrichments?group_id=` lists them. */
export interface EnrichmentGroup {
  cancelled: number;
  completed: number;
  cost_nusd: number;
  created_at: string;
  failed: number;
  group_id: string;
  pending: number;
  processing: number;
  simulated: boolean;
  source_type: string;
  total: number;
}

/** One call of a provider. */
export interface Attempt {
  code?: string | null;
  cost_nusd?: number;
  error?: string | null;
  http_status?: number | null;
  input_tokens?: number;
  key_source?: "none" | "own" | "platform" | null;
  latency_ms: number;
  model: string;
  output_tokens?: number;
  provider: string;
  provider_key_id?: string | null;
  status: string;
}

/** What a model said besides its text and its tool calls. */
export interface Beside {
  annotations?: Record<string, unknown>[] | null;
  citations?: Record<string, unknown>[] | null;
  reasoning?: string | null;
  reasoning_details?: Record<string, unknown>[] | null;
  refusal?: string | null;
  stop_sequence?: string | null;
  thinking?: Record<string, unknown>[] | null;
}

/** One of several answers of a call, or one whose tokens' probabilities were asked for. */
export interface Choice {
  beside?: Beside | null;
  finish_reason?: string | null;
  logprobs?: TokenChance[] | null;
  output?: string | null;
  tool_calls?: Record<string, unknown>[] | null;
}

/** What each class of token cost, and the markup: together the cost, to the nano-dollar. */
export interface CostSplit {
  cache_write_input_nusd?: number;
  cached_input_nusd?: number;
  input_nusd?: number;
  markup_nusd?: number;
  output_nusd?: number;
  reasoning_nusd?: number;
}

/** Why an execution did not succeed, in words for the caller. */
export interface ErrorInfo {
  code: string;
  guardrail?: string | null;
  message: string;
  problems?: Problem[];
  provider_code?: string | null;
  provider_param?: string | null;
  provider_status?: number | null;
  retry_after_s?: number | null;
  retryable?: boolean;
  type: string;
}

/** How the model or version was chosen, where the caller left it open. */
export interface Routing {
  auto?: boolean;
  considered?: number;
  prompt?: string | null;
  rule?: string | null;
}

export interface Usage {
  cache_write_input_tokens?: number;
  cached_input_tokens?: number;
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens?: number;
  service_tier?: string | null;
  source: "provider" | "estimated";
}

export interface LineErrors {
  data: LineError[];
  object?: "list";
}

/** `completed`: with an answer; `failed`: with an error, the lines that were never valid among them. */
export interface Counts {
  completed: number;
  failed: number;
  total: number;
}

/** Lines of a batch that wait for one model. */
export interface Waits {
  model: string;
  reason: "provider_limit" | "provider_account";
  until: number;
}

/** `name` null: no longer a member. */
export interface MentionAnswer {
  name: string | null;
  user_id: string;
}

/** Of one call, from the texts alone: what its variables add is not counted. */
export interface Estimated {
  input_tokens: number;
  output_tokens_most: number;
}

export interface VariableAnswer {
  default?: unknown;
  name: string;
  required: boolean;
  type?: string | null;
}

/** A guess from above; only what is used is paid. */
export interface ForecastAnswer {
  cost_nusd: number;
  credits: string;
  evaluations: number;
  fee_nusd?: number;
  set_aside_nusd: number;
}

export interface EnrichmentError {
  code: string;
  message: string;
  retryable: boolean;
}

/** The token that was chosen, and the likeliest at its place. */
export interface TokenChance {
  bytes?: number[] | null;
  logprob: number;
  token: string;
  top_logprobs?: LikelyToken[];
}

/** What is not as it must be: which check says so, where in the JSON, why. */
export interface Problem {
  check: string;
  message: string;
  path?: string | null;
}

export interface LineError {
  code: string;
  custom_id?: string | null;
  line: number;
  message: string;
  param?: string | null;
}

/** A token and the logarithm of its probability. */
export interface LikelyToken {
  bytes?: number[] | null;
  logprob: number;
  token: string;
}
