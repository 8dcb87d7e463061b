/** Batches as the page speaks of them. Pure. */
import type { Schema } from "@/api/client";
import type { Json, PromptTemplate } from "@/lib/template";
import { count, plural } from "@/lib/format";

export type Batch = Schema<"burnish_gateway__batches__answers__BatchAnswer">;
export type BatchFile = Schema<"FileAnswer">;
export type Status = Batch["status"];

export const STATUSES = ["validating", "in_progress", "paused", "completed", "failed", "cancelled", "expired"] as const;
const ENDED: ReadonlySet<Status> = new Set(["completed", "failed", "cancelled", "expired"]);
const WAITING: ReadonlySet<Status> = new Set(["paused", ...ENDED]);

export function hasEnded(one: Pick<Batch, "status">): boolean {
  return ENDED.has(one.status);
}

/** Whether its figures change by themselves. */
export function isMoving(one: Pick<Batch, "status">): boolean {
  return !WAITING.has(one.status);
}

const WORDS: Partial<Record<Status, string>> = { validating: "waiting to begin", in_progress: "running" };

export function statusWord(status: string): string {
  return WORDS[status as Status] ?? status.replaceAll("_", " ");
}

/** Why a batch waits, and what ends the waiting. */
export function pauseWords(reason: Batch["pause_reason"]): string {
  switch (reason) {
    case "funds":
      return "What was set aside is used up. Resume it with a higher ceiling.";
    case "budget":
      return "A budget is used up. Raise it, or wait for its next period, and resume.";
    case "suspended":
      return "The workspace is suspended; ask its operator.";
    case "refused":
      return "A call was refused. Look at the newest results, then resume.";
    default:
      return "Somebody paused it. Nothing more begins until it is resumed.";
  }
}

/** Why lines of a batch under way wait at a provider, and what ends the waiting. */
export function waitWords(one: Batch["waiting_for"][number]): string {
  return one.reason === "provider_account"
    ? `The account at the provider of ${one.model} has no money left. Put some in: after 15 minutes without it, its calls fail.`
    : `The provider of ${one.model} lets no more calls through now. They are asked again by themselves.`;
}

/** What a batch is called: its name, or how much it is. */
export function nameOf(one: Pick<Batch, "name" | "request_counts">): string {
  return one.name ?? `Batch of ${plural(one.request_counts.total, "call")}`;
}

/** Seconds of the Unix clock, as OpenAI's shapes have them. */
export function atOf(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : seconds * 1_000;
}

/** One line of the results. `response.body` has the shape of the batch's endpoint. */
export type ResultLine = {
  id: string;
  line: number;
  custom_id: string | null;
  model: string | null;
  response: { status_code: number; request_id: string; body: Record<string, unknown> } | null;
  error: { code: string; message: string } | null;
};

/** What the model said, as text. */
export function answerOf({ response }: Pick<ResultLine, "response">): string {
  const body = response?.body ?? {};
  if (body["object"] === "response") return saidIn(body["output"]);
  if (body["type"] === "message") return textOf(body["content"]);
  if (body["object"] === "list" && Array.isArray(body["data"])) return vectorsIn(body["data"]);
  if (Array.isArray(body["choices"])) {
    const message = (body["choices"][0] as { message?: { content?: unknown; tool_calls?: unknown } } | undefined)?.message;
    return typeof message?.content === "string" ? message.content : message?.tool_calls ? JSON.stringify(message.tool_calls) : "";
  }
  const { output, output_json: json, tool_calls: calls } = body;
  if (typeof output === "string" && output !== "") return output;
  const other = json ?? calls;
  return other === null || other === undefined ? "" : JSON.stringify(other);
}

/** Texts of a response, or the calls that it made. */
function saidIn(output: unknown): string {
  const items = (Array.isArray(output) ? output : []) as { type?: unknown; content?: { text?: unknown }[] }[];
  const texts = items.flatMap((item) => (item.type === "message" ? (item.content ?? []) : [])).map((part) => part.text);
  const text = texts.filter((one) => typeof one === "string").join("\n");
  const calls = items.filter((item) => item.type === "function_call");
  return text !== "" || calls.length === 0 ? text : JSON.stringify(calls);
}

/** Texts of a message of Anthropic's format, or the calls that it made. */
function textOf(content: unknown): string {
  const blocks = (Array.isArray(content) ? content : []) as { type?: unknown; text?: unknown }[];
  const text = blocks.map((block) => (block.type === "text" && typeof block.text === "string" ? block.text : "")).join("");
  const calls = blocks.filter((block) => block.type === "tool_use");
  return text !== "" || calls.length === 0 ? text : JSON.stringify(calls);
}

/** "2 vectors of 3 numbers": nobody reads them. */
function vectorsIn(data: unknown[]): string {
  const first = (data[0] as { embedding?: unknown } | undefined)?.embedding;
  const many = Array.isArray(first) ? ` of ${plural(first.length, "number")}` : "";
  return `${plural(data.length, "vector")}${many}`;
}

const NUMBERS_SHOWN = 4;

/** The whole answer as it is shown: of each vector its beginning, since a hundred thousand numbers would hold up the page. */
export function shownBody(body: Record<string, unknown>): Record<string, unknown> {
  if (body["object"] !== "list" || !Array.isArray(body["data"])) return body;
  const data = (body["data"] as Record<string, unknown>[]).map((one) => {
    const vector = one["embedding"];
    if (!Array.isArray(vector) || vector.length <= NUMBERS_SHOWN) return one;
    return { ...one, embedding: [...(vector as unknown[]).slice(0, NUMBERS_SHOWN), `… ${count(vector.length - NUMBERS_SHOWN)} more`] };
  });
  return { ...body, data };
}

/** What the call was charged, in billionths of a dollar; in the formats of others it stands in the usage. */
export function costOf({ response }: Pick<ResultLine, "response">): number | null {
  const body = (response?.body ?? {}) as { cost_nusd?: unknown; usage?: { cost_nusd?: unknown } };
  const cost = body.cost_nusd ?? body.usage?.cost_nusd;
  return typeof cost === "number" ? cost : null;
}

/** What the first line of a file is. */
export type LineKind = "inputs" | "requests" | "chat" | "responses" | "embeddings" | "messages";

/** The endpoints whose bodies whole requests are. */
const ENDPOINTS: Record<Exclude<LineKind, "inputs">, string> = {
  requests: "/v1/executions",
  chat: "/v1/chat/completions",
  responses: "/v1/responses",
  embeddings: "/v1/embeddings",
  messages: "/v1/messages",
};

/** What a line with this `url` is; none: a request of ours. */
export function kindAt(url: unknown): LineKind {
  return (Object.keys(ENDPOINTS) as (keyof typeof ENDPOINTS)[]).find((kind) => ENDPOINTS[kind] === url) ?? "requests";
}

/** Throws an Error that says what to mend where it is no JSON object. */
export function kindOf(firstLine: string): LineKind {
  let read: unknown;
  try {
    read = JSON.parse(firstLine.replace(/^\ufeff/, ""));
  } catch {
    throw new Error("The first line is no JSON. Each line is one object, such as {\"custom_id\": \"a\", \"variables\": {\"name\": \"Ada\"}}.");
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) throw new Error("The first line is no JSON object.");
  if (!("body" in read)) return "inputs";
  return kindAt((read as { url?: unknown }).url);
}

/** "1, 2" as numbers; null for what is no list of versions. */
export function versionsOf(typed: string): number[] | null {
  const parts = typed.split(/[\s,]+/).filter(Boolean);
  return parts.every((one) => /^[1-9]\d{0,8}$/.test(one)) ? parts.map(Number) : null;
}

export type Draft = { file: string; kind: LineKind; prompt: string; versions: string; models: readonly string[]; name: string; ceiling: string; day: boolean; paused: boolean };

/** The body that a draft makes; null while something is missing. */
export function bodyOf(draft: Draft): Record<string, unknown> | null {
  const versions = versionsOf(draft.versions);
  const ceiling = draft.ceiling.trim() === "" ? null : Number(draft.ceiling);
  if (!draft.file || versions === null || (ceiling !== null && !(ceiling > 0))) return null;
  const rest = {
    input_file_id: draft.file,
    ...(draft.name.trim() ? { name: draft.name.trim() } : {}),
    ...(ceiling === null ? {} : { max_cost_nusd: Math.round(ceiling * 1e9) }),
    ...(draft.day ? { completion_window: "24h" } : {}),
    ...(draft.paused ? { paused: true } : {}),
  };
  if (draft.kind !== "inputs") return { ...rest, endpoint: ENDPOINTS[draft.kind] };
  if (!draft.prompt && draft.models.length === 0) return null;
  return {
    ...rest,
    request: draft.prompt ? { prompt: draft.prompt } : {},
    ...(draft.models.length > 0 ? { models: [...draft.models] } : {}),
    ...(draft.prompt && versions.length > 0 ? { versions } : {}),
  };
}

/** What to do before there is a body, where there is none yet. `dataset`: the one whose rows are to be taken. */
export function missingIn(draft: Draft, source: "file" | "dataset", dataset: string): string {
  if (versionsOf(draft.versions) === null) return "Versions are numbers, such as 1, 2.";
  if (!draft.file && source === "dataset") return draft.prompt && dataset ? "Press “Take these rows”." : `Choose ${draft.prompt ? "a dataset" : dataset ? "a prompt" : "a prompt and a dataset"} first.`;
  if (!draft.file) return "Choose a file first.";
  if (draft.kind === "inputs" && !draft.prompt && draft.models.length === 0) return "Choose the prompt that the lines go into, or a model for lines with messages.";
  return "The ceiling is a number of dollars.";
}

/** The name after `next` was suggested: a name that somebody typed stays. `before`: the last one that was suggested. */
export function suggestedName(typed: string, before: string, next: string): string {
  return typed.trim() === "" || typed === before ? next : typed;
}

/** That a dataset has more rows than one batch takes. `counts`: how many it has by split, where that is known. */
export function rowsLeftOut(rows: number, counts: Readonly<Record<string, number>> | undefined, split: string): string {
  const all = counts && (split ? counts[split] : Object.values(counts).reduce((sum, one) => sum + one, 0));
  return all !== undefined && all > rows ? `${count(rows)} of ${plural(all, "row")} are taken: one batch takes no more. The others need another one.` : `The first ${count(rows)} rows are taken: one batch takes no more, and there are others.`;
}

/** The most that a batch can cost: all of its calls, or what was set aside where a lower ceiling was given. */
export function mostOf({ most_nusd: most, set_aside_nusd: aside }: Pick<Batch, "most_nusd" | "set_aside_nusd">): number {
  return Math.min(most, aside);
}

type Item = { id: string; input: string | Record<string, unknown> };

/** Items of a dataset as lines of a batch for this prompt. Throws an Error where an item does not say all that the prompt asks. */
export function linesOfItems(items: readonly Item[], template: Pick<PromptTemplate, "variables">): string {
  const names = [...new Set([...template.variables.values()].map((one) => one.path[0] ?? one.name))];
  return items
    .map(({ id, input }) => {
      if (typeof input === "object") return { custom_id: id, variables: input as Record<string, Json> };
      if (names.length > 1) throw new Error(`The rows are texts, and the prompt asks for ${names.join(", ")}. Use a dataset whose rows have these variables.`);
      return names[0] === undefined ? { custom_id: id, messages: [{ role: "user", content: input }] } : { custom_id: id, variables: { [names[0]]: input } };
    })
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}
