/** The client. The same methods as Burnish's Python client, in the spelling of this language. */
import { Results, isOver } from "./batches.js";
import * as calls from "./calls.js";
import { leaveIfAborted, TimedOut } from "./errors.js";
import { FRESH_S, type Messages, type Prompt, type PromptStore, Prompts } from "./prompts.js";
import { TextStream, jsonLines, timed } from "./stream.js";
import type { Batch, Budget, Enrichment, EnrichmentGroup, EnrichmentItem, Execution, PromptVersion } from "./types.js";
import { type Answer, type Call, type Content, type Given, type Query, type Settings, answered, answeredRaw, pause, sent, settingsOf } from "./wire.js";

/** How long the server itself waits for a result before the client begins to ask. */
const FIRST_WAIT_S = 20;
const BUDGETS = "/v1/budgets";
const budgetAt = (id: string) => `${BUDGETS}/${encodeURIComponent(id)}`;

export type BurnishOptions = {
  /** Else BURNISH_BASE_URL, else http://127.0.0.1:18000. In a browser: a route of your own server, which adds the key. */
  baseUrl?: string;
  /** Else BURNISH_API_KEY. Null sends none. */
  apiKey?: string | null;
  /** Of one try, and of a stream's silence. */
  timeoutS?: number;
  /** Of requests that may succeed later; each POST carries one idempotency key through all its tries, so nothing is done or paid twice. */
  maxRetries?: number;
  /** Where prompts are kept beyond the life of this object, for the time that Burnish is away: `diskStore()` of `@burnish/client/node`. */
  store?: PromptStore;
  /** How long memory is trusted. */
  promptFreshS?: number;
  fetch?: typeof fetch;
};

/** Anything but a slug: `messages` with a `model`, or a prompt by its name. */
export type ExecutionRequest = calls.ExecutionOptions & { prompt?: string; variables?: calls.Variables };
/** `content`: a body that is sent as it is; its content-type is its own, or stands among `headers`. */
export type RequestOptions = calls.Abortable & { query?: Query; headers?: Record<string, string>; content?: Content };
type PromptOptions = { label?: string; version?: number; fallback?: string | Messages };
type Waiting<T> = calls.Abortable & { progress?: (told: T) => void; everyS?: number; limitS?: number };

export class Burnish {
  private readonly settings: Settings;
  private readonly prompts: Prompts;

  /** Throws TypeError where no key is known. */
  constructor(options: BurnishOptions = {}) {
    const { store, promptFreshS, ...given } = options;
    this.settings = settingsOf(given as Given);
    this.prompts = new Prompts(
      async ({ slug, label, version }, { etag, timeoutS }) => {
        const headers: Record<string, string> = etag === null ? {} : { "if-none-match": etag };
        const wait = timeoutS === null ? {} : { timeoutS: Math.min(timeoutS, this.settings.timeoutS) };
        const call: Call = { method: "GET", path: `/v1/prompts/${encodeURIComponent(slug)}`, query: { label, version }, headers, ...wait };
        const { response, body } = await answered(this.settings, call, timeoutS === null ? this.settings.tries : 1);
        return { body: response.status === 304 ? null : (body as PromptVersion), etag: response.headers.get("etag"), ageS: Number(response.headers.get("age") ?? 0) || 0 };
      },
      store ?? null,
      promptFreshS ?? FRESH_S,
      `${this.settings.baseUrl} ${this.settings.apiKey ?? ""}`,
    );
  }

  /** The same client, with other settings for some calls: `burnish.withOptions({ timeoutS: 5, maxRetries: 0 }).execute(…)`.
   *
   * Known prompts are those of this one, and so are the times of `prompt`.
   */
  withOptions({ timeoutS, maxRetries }: { timeoutS?: number | undefined; maxRetries?: number | undefined }): Burnish {
    const tries = maxRetries === undefined ? this.settings.tries : Math.max(0, maxRetries) + 1;
    const settings = { ...this.settings, timeoutS: timeoutS ?? this.settings.timeoutS, tries };
    return Object.assign(Object.create(Burnish.prototype) as Burnish, this, { settings });
  }

  /** Any route of the API that has no method here. The parsed answer, null for 204. Throws ApiError, NotReached.
   *
   * `content`: in place of a body, such as a FormData with files, or JSON lines. For an answer that is no JSON: `requestRaw`.
   */
  async request<T = unknown>(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
    return this.run<T>({ method, path, body, ...options });
  }

  /** The same, whose answer comes as it is, read whole: `text()` of a CSV or JSON lines, `headers`. */
  async requestRaw(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<Response> {
    return answeredRaw(this.settings, { method, path, body, ...options });
  }

  /** A file of any length, such as `/v1/executions/export`: its `body` is read as it comes, and what could not go on says so in its last line. */
  async download(path: string, options: calls.Abortable & { query?: Query } = {}): Promise<Response> {
    const answer = await sent(this.settings, { method: "GET", path, ...options });
    return new Response(answer.response.body && timed(answer.response.body, answer), answer.response);
  }

  /** Runs a prompt, or `messages` with a `model`, also as options behind a null. A refusal throws ApiError. */
  async execute(request: string | ExecutionRequest | null | undefined, variables?: calls.Variables | null, options: calls.ExecutionOptions = {}): Promise<Execution> {
    return this.run<Execution>(this.execution(request, variables, options, false));
  }

  /** The same, piece by piece; see TextStream. */
  stream(request: string | ExecutionRequest | null | undefined, variables?: calls.Variables | null, options: calls.ExecutionOptions = {}): TextStream {
    const { signal, ...call } = this.execution(request, variables, options, true);
    return new TextStream((own) => sent(this.settings, { ...call, signal: own }), signal);
  }

  /** Waits until it ended: one begun with `background: true`, or whose stream broke off. Throws TimedOut after `limitS`; it goes on. */
  async awaitExecution(executionId: string, options: Omit<Waiting<never>, "progress"> = {}): Promise<Execution> {
    return this.until<Execution>("Execution", executionId, "/v1/executions/", (one) => !/^(queued|running)$/.test(one.status), 0.5, options);
  }

  /** Sends a reaction and returns its id: `thumb`, `score`, `comment`, `correction`, `metric`, with `user_id`. */
  async feedback(executionId: string | null, reaction: calls.FeedbackOptions): Promise<string> {
    return (await this.run<{ feedback_id: string }>(calls.feedback(executionId, reaction))).feedback_id;
  }

  /** The prompt as it is served: from memory while fresh, else asked for, else, while Burnish is away, what was last known.
   *
   * `fallback`: messages, or a text, for the day on which nothing is known. `stale` and `source` of the prompt say what it is. Throws
   * ApiError where there is no such prompt (an old copy is not served then), NotReached where nothing is known.
   */
  async prompt(slug: string, { fallback, ...asked }: PromptOptions = {}): Promise<Prompt> {
    return this.prompts.served({ slug, ...asked }, fallback);
  }

  /** A `conversation`, `youtube` transcript or `document` as a structured result, by the prompt of its source type.
   *
   * Waits until it has ended: `processing_status` is completed (`result`), failed (`error`) or cancelled. Throws TimedOut after `limitS`;
   * the work goes on, and `request("GET", "/v1/enrichments/ID")` reads it. With `limitS: 0` it is told as it stands.
   */
  async enrich(sourceType: calls.SourceType, content?: calls.Chat | null, options: calls.EnrichmentOptions = {}): Promise<Enrichment> {
    const { limitS = Infinity } = options;
    const from = Date.now();
    const told = await this.run<Enrichment>(calls.enrich(sourceType, content, options, Math.min(FIRST_WAIT_S, limitS)));
    return limitS > 0 ? this.until("Enrichment", told.id, "/v1/enrichments/", (one) => calls.ENRICHMENT_ENDED.has(one.processing_status), 1, options, from, told) : told;
  }

  /** What a conversation says, as the workspace's prompt for conversations wants it; see `enrich`. `chat`: messages, or a text. */
  async analyzeChat(chat: calls.Chat, options: calls.EnrichmentOptions = {}): Promise<Enrichment> {
    return this.enrich("conversation", chat, options);
  }

  /** What a document says, from its text or `url`, as the workspace's prompt for documents wants it; see `enrich`. */
  async extractDocument(text: string | null, options: calls.EnrichmentOptions = {}): Promise<Enrichment> {
    return this.enrich("document", text, options);
  }

  /** As `batchEnrich`, of conversations. */
  async batchAnalyzeChats(chats: readonly calls.Chat[], options: Waiting<calls.EnrichmentCounts> = {}): Promise<EnrichmentItem[]> {
    return this.batchEnrich("conversation", chats, options);
  }

  /** Any number of contents, worked on behind single ones. The results in the order of `contents`, once all have ended.
   *
   * `progress` is told the counts at each look. Throws TimedOut after `limitS`; the work goes on.
   */
  async batchEnrich(sourceType: calls.SourceType, contents: readonly calls.Chat[], options: Waiting<calls.EnrichmentCounts> = {}): Promise<EnrichmentItem[]> {
    const { progress, everyS = 1, limitS = Infinity, signal } = options;
    const end = Date.now() + limitS * 1_000;
    const started: { group_id: string; ids: string[] }[] = [];
    for (const call of calls.groups(sourceType, contents, options)) started.push(await this.run(call));
    for (;;) {
      const counts: calls.EnrichmentCounts = { total: 0, pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
      for (const { group_id } of started) {
        const told = await this.run<EnrichmentGroup>({ method: "GET", path: `/v1/enrichments/groups/${group_id}`, signal });
        for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += told[name];
      }
      progress?.(counts);
      const left = counts.pending + counts.processing;
      if (left === 0) break;
      if (Date.now() > end) throw new TimedOut(`${left} of ${counts.total} have not ended after ${limitS} s.`, started[0]?.group_id ?? "");
      await pause(everyS * 1_000, signal);
    }
    const found = new Map<string, EnrichmentItem>();
    for (const { group_id } of started) for await (const row of this.list<EnrichmentItem>("/v1/enrichments", { group_id, limit: 200 })) found.set(row.id, row);
    return started.flatMap((one) => one.ids).flatMap((id) => found.get(id) ?? []);
  }

  /** Many calls at the lowest priority: the prompt for each of `inputs`, which are variables; times `models` or `versions` where given. */
  async startBatch(inputs: readonly calls.Variables[], options: calls.BatchOptions = {}): Promise<Batch> {
    return this.run<Batch>(calls.startBatch(inputs, options));
  }

  /** Waits until it ended or paused itself, telling `progress` at each look. Throws TimedOut after `limitS`; the batch goes on.
   *
   * Where `status` is `paused`, `pause_reason` says what is lacking (`funds`, `budget`, `suspended`, `refused`), and the batch
   * waits until it is resumed. A pause that somebody asked for is waited out.
   */
  async awaitBatch(batchId: string, options: Waiting<Batch> = {}): Promise<Batch> {
    return this.until<Batch>("Batch", batchId, "/v1/batches/", isOver, 2, options);
  }

  /** Results in the order of the inputs, each with its own `custom_id` or index, read as they come, from the line `fromLine` on.
   *
   * Goes on by itself where the server or the connection breaks off. Where that brings nothing more, as often as `maxRetries` says:
   * ApiError with what the server said, else NotReached.
   */
  async *batchResults<T = Record<string, unknown>>(batchId: string, { fromLine = 0, signal }: calls.Abortable & { fromLine?: number } = {}): AsyncGenerator<T, void, undefined> {
    const results = new Results(batchId, fromLine, this.settings.tries);
    for (;;) {
      const answer: Answer = await sent(this.settings, { ...results.call, signal });
      let waitMs: number;
      try {
        for await (const row of jsonLines<T>(answer)) {
          results.take(row);
          yield row;
        }
        return;
      } catch (error) {
        leaveIfAborted(signal);
        waitMs = results.broke(error);
      }
      await pause(waitMs, signal);
    }
  }

  /** Every row of a list, page after page: `burnish.list("/v1/prompts", { tag: "support" })`. `cursor`: from the page that it names. */
  async *list<T = Record<string, unknown>>(path: string, query: Query = {}, { signal }: calls.Abortable = {}): AsyncGenerator<T, void, undefined> {
    let { cursor } = query;
    do {
      const page: { data: T[]; next_cursor?: string | null } = await this.run({ method: "GET", path, query: { ...query, cursor }, signal });
      if (!Array.isArray(page?.data)) throw new TypeError(`path: ${path} is no list; request reads it.`);
      yield* page.data;
      cursor = page.next_cursor;
    } while (cursor !== null && cursor !== undefined);
  }

  /** What may be spent in a day or month, newest first, with what is spent, held and left: all, those of a target, or those that bind `end_user`. */
  budgets(query: calls.BudgetFilters = {}, options: calls.Abortable = {}): AsyncGenerator<Budget, void, undefined> {
    return this.list(BUDGETS, query, options);
  }

  /** One budget, also a closed one. */
  async budget(budgetId: string, options: calls.Abortable = {}): Promise<Budget> {
    return this.request("GET", budgetAt(budgetId), undefined, options);
  }

  /** Limits what a target may spend: the workspace, an API key, a prompt, or an end user (`*`: each by themselves). Needs the role admin. */
  async createBudget(budget: calls.NewBudget, options: RequestOptions = {}): Promise<Budget> {
    return this.request("POST", BUDGETS, budget, options);
  }

  /** What is named changes; what is spent and held stays. */
  async changeBudget(budgetId: string, changes: calls.BudgetChanges, options: calls.Abortable = {}): Promise<Budget> {
    return this.request("PATCH", budgetAt(budgetId), changes, options);
  }

  /** It binds nothing any more. */
  async closeBudget(budgetId: string, options: calls.Abortable = {}): Promise<void> {
    await this.request("DELETE", budgetAt(budgetId), undefined, options);
  }

  /** Looks at one until `ended` says so of it. `from`: what the limit counts from; `known`: what was told of it already. */
  private async until<T extends { status: string } | { processing_status: string }>(
    what: string, id: string, path: string, ended: (one: T) => boolean, usualS: number,
    { progress, everyS = usualS, limitS = Infinity, signal }: Waiting<T>, from = Date.now(), known?: T,
  ): Promise<T> {
    for (let one = known; ; await pause(everyS * 1_000, signal), one = undefined) {
      one ??= await this.run<T>({ method: "GET", path: path + encodeURIComponent(id), signal });
      progress?.(one);
      if (ended(one)) return one;
      if (Date.now() > from + limitS * 1_000) throw new TimedOut(`${what} ${id} is ${"status" in one ? one.status : one.processing_status} after ${limitS} s.`, id);
    }
  }

  private execution(request: string | ExecutionRequest | null | undefined, variables: calls.Variables | null | undefined, options: calls.ExecutionOptions, stream: boolean): Call {
    const { prompt, variables: own, ...more } = typeof request === "string" ? { prompt: request } : (request ?? ({} as ExecutionRequest));
    return calls.execute(prompt ?? null, variables ?? own, { ...more, ...options }, { stream, timeoutS: this.settings.timeoutS });
  }

  private async run<T>(call: Call): Promise<T> {
    return (await answered(this.settings, call)).body as T;
  }
}
