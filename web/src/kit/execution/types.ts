/** Executions as the API shows them; its description says "object" for these. */
import type { Schema } from "@/api/client";
import { type Part, heldIn, isHeld } from "@/lib/attached";

export type Usage = { input_tokens: number; output_tokens: number; cached_input_tokens: number; source?: string };
export type ExecutionError = { type: string; code: string; message: string; retryable?: boolean; /** The name of the guardrail that stopped it. */ guardrail?: string | null };

/** A row of `GET /v1/executions`: numbers and ids, no text. */
export type ExecutionRow = {
  id: string;
  status: string;
  prompt: string | null;
  version: number | null;
  label: string | null;
  model: string;
  provider: string;
  lane: string;
  usage: Usage;
  cost_nusd: number;
  key_source: string | null;
  latency_ms: number;
  first_token_ms: number | null;
  cached: boolean;
  simulated: boolean;
  finish_reason: string | null;
  user_id: string | null;
  session_id: string | null;
  /** The run whose conversation it goes on with; not of runs that an older gateway shows. */
  previous_id?: string | null;
  /** How many, with answers; in lists. */
  comments?: number;
  app: string | null;
  job_id: string | null;
  error: ExecutionError | null;
  created_at: string;
  finished_at: string;
};

/** Content is text, or parts such as `{"type": "text", "text": "…"}`; null where an assistant only called tools. */
export type ChatMessage = { role: string; content?: string | readonly Record<string, unknown>[] | null; name?: string | null; tool_calls?: unknown; tool_call_id?: string | null };
export type Attempt = { model: string; provider: string; status: string; http_status: number | null; latency_ms: number; input_tokens: number; output_tokens: number; cost_nusd: number; error: string | null; provider_key_id?: string | null; key_source?: string | null };
export type Reaction = Schema<"FeedbackShown">;
export type Score = {
  evaluator_id: string; evaluator: string; evaluator_version: number; kind: string; score: number | null; passed: boolean | null; unavailable: string | null; reason: string;
  disagreement: number | null; uncertain: boolean; votes: { model?: string; score?: number | null; reason?: string }[]; cost_nusd: number;
}; // prettier-ignore

/** `GET /v1/executions/{id}` of one that has ended. `messages` null: its text is not kept (any more). */
export type Execution = ExecutionRow & {
  output: string | null;
  output_json: unknown;
  /** When somebody deleted its texts; not of runs that an older gateway shows. */
  texts_deleted_at?: string | null;
  tool_calls: unknown[] | null;
  credits: string;
  markup_nusd: number;
  attempts: Attempt[];
  messages: ChatMessage[] | null;
  variables: Record<string, unknown> | null;
  settings: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
  request_id: string;
  feedback: Reaction[];
  scores: Score[];
  imported?: { source: string; id: string; reported_cost_nusd: number | null };
};

/** One that has not ended: nothing more is known yet. */
export type Underway = { id: string; status: "queued" | "running"; created_at: string };

export function isUnderway(one: Execution | Underway): one is Underway {
  return one.status === "queued" || one.status === "running";
}

/** A part in words: its text, or what it is; of a file its name too. */
function partText(part: Record<string, unknown>): string {
  if (typeof part.text === "string") return part.text;
  const file = part.type === "file" && part.file && typeof part.file === "object" ? (part.file as Record<string, unknown>) : {};
  const name = file.filename ?? file.file_url;
  return typeof name === "string" ? `[file ${name}]` : `[${String(part.type ?? "part")}]`;
}

/** The text of a message, without the pictures and files that are shown beside it. */
export function wordsOf({ content }: ChatMessage): string {
  if (!Array.isArray(content)) return typeof content === "string" ? content : "";
  return (content as readonly Record<string, unknown>[]).filter((one) => !isHeld(one)).map(partText).join("\n");
}

/** Its pictures and files, in their order. */
export function filesOf({ content }: ChatMessage): { id: string; name: string; part: Part }[] {
  return Array.isArray(content) ? (content as readonly Part[]).flatMap((part, at) => (isHeld(part) ? [{ id: String(at), name: heldIn(part).name, part }] : [])) : [];
}

/** The text of a message, whatever shape its content has. */
export function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return (content as readonly Record<string, unknown>[]).map(partText).join("\n");
}

/** What the execution was asked, as an item of a dataset has it: its variables, else what the user said last. */
export function inputOf({ variables, messages }: Pick<Execution, "variables" | "messages">): string | Record<string, unknown> {
  if (variables && Object.keys(variables).length > 0) return variables;
  return textOf(messages?.findLast((one) => one.role === "user") ?? { role: "user", content: "" });
}
