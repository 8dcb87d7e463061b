/** Prompts as they are served, kept so that an application goes on while Burnish is away: memory, then a store, then what its code says. */
import { type Json, type Parameter, type Snippet, TemplateError, type TemplateMessage, parseMessages, render } from "./carried/template.js";
import { ApiError, NotReached } from "./errors.js";
import type { PromptVersion } from "./types.js";

/** For how long a prompt is taken from memory without asking. */
export const FRESH_S = 60;
/** For how long a server that is away is not asked for a prompt that is known. */
const REST_S = 5;
/** How long an answer is waited for where something else can be served: a server that hangs is as good as away. */
const PROMPT_TIMEOUT_S = 3;
/** Different snippets of one prompt, those of its snippets included, as the server has it. */
const MAX_SNIPPETS = 50;

const SETTINGS = ["temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "tools", "tool_choice", "response_format"] as const;

export type Source = "network" | "memory" | "disk" | "code";
export type Messages = readonly { role: string; content?: unknown; name?: string | null; optional?: boolean }[];
/** Where prompts are kept beyond the life of a process: `diskStore()` of `@burnish/client/node`, or three functions of yours. */
export type PromptStore = {
  get(key: string): Promise<string | null> | string | null;
  set(key: string, text: string): Promise<void> | void;
  delete(key: string): Promise<void> | void;
};

/** One version of a prompt. `stale`: Burnish could not be asked, and this is what was known; `ageS` says since when. */
export class Prompt {
  declare readonly slug: string;
  /** Null for what stands in the code. */
  declare readonly version: number | null;
  declare readonly label: string | null;
  declare readonly model: string | null;
  declare readonly messages: Messages;
  declare readonly parameters: Record<string, Parameter>;
  declare readonly source: Source;
  declare readonly stale: boolean;
  declare readonly ageS: number;
  /** The server's whole answer, where there is one. */
  declare readonly raw: PromptVersion | null;
  declare private readonly snippets: Record<string, Snippet>;

  constructor(
    slug: string,
    version: number | null,
    label: string | null,
    model: string | null,
    messages: Messages,
    parameters: Record<string, Parameter>,
    source: Source,
    stale: boolean,
    ageS: number,
    raw: PromptVersion | null,
    snippets: Record<string, Snippet>,
  ) {
    // In one line: as parameters that are properties each would be written three times.
    Object.assign(this, { slug, version, label, model, messages, parameters, source, stale, ageS, raw, snippets });
  }

  /** The messages with the variables put in, without asking anybody: the same as the server's POST …/render.
   *
   * Throws TemplateError that names every variable that is missing (`at.missing`), or the one of a wrong type.
   */
  render(variables: Record<string, unknown> = {}): Record<string, unknown>[] {
    return render(parseMessages(this.messages as TemplateMessage[], this.parameters, this.snippets, this.slug), variables as Record<string, Json>).messages;
  }

  /** What the version keeps for the application, as it was saved; empty where it keeps nothing. */
  get config(): Record<string, unknown> {
    return this.raw?.config ?? {};
  }

  /** What the version says of the call, ready to be given to a model's client: only what it sets. */
  settings(): Partial<Pick<PromptVersion, (typeof SETTINGS)[number]>> {
    return Object.fromEntries(SETTINGS.map((name) => [name, this.raw?.[name]]).filter((one) => one[1] != null));
  }
}

export type Asked = { slug: string; label?: string | null; version?: number | null };
/** Gets one prompt from the server. `body` null: it is as `etag` says. */
export type Ask = (of: Asked, given: { etag: string | null; timeoutS: number | null }) => Promise<{ body: PromptVersion | null; etag: string | null; ageS: number }>;

type Kept = { answer: PromptVersion; etag: string | null; /** Wall clock, when it was last confirmed. */ at: number; checkedAt: number; fromStore: boolean; stale: boolean };

/** Memory and the store. `scope`: keeps the prompts of two servers or two keys apart. */
export class Prompts {
  private readonly kept = new Map<string, Kept>();
  private readonly underWay = new Map<string, Promise<{ kept: Kept; source: Source }>>();
  private restsUntil = -Infinity;

  constructor(
    private readonly ask: Ask,
    private readonly store: PromptStore | null,
    private readonly freshS: number,
    private readonly scope: string,
  ) {}

  /** See `Burnish.prompt`. */
  async served(asked: Asked, fallback: string | Messages | undefined): Promise<Prompt> {
    const hasFallback = fallback !== undefined;
    try {
      const { kept, source } = await this.one(asked, hasFallback);
      return await this.whole(kept, source, hasFallback);
    } catch (error) {
      if (!hasFallback || !isAway(error)) throw error;
      const messages = typeof fallback === "string" ? [{ role: "user", content: fallback }] : fallback;
      return new Prompt(asked.slug, null, null, null, messages, {}, "code", true, Infinity, null, {});
    }
  }

  private async whole(kept: Kept, source: Source, hasFallback: boolean): Promise<Prompt> {
    const { answer } = kept;
    const everything = [kept];
    const snippets: Record<string, Snippet> = {};
    let wanted = includesOf(answer.messages as unknown as Messages);
    while (wanted.length > 0) {
      for (const name of wanted) {
        if (Object.keys(snippets).length >= MAX_SNIPPETS) throw new TemplateError(`A prompt has at most ${MAX_SNIPPETS} snippets, those of its snippets included.`, "messages");
        const included = (await this.one(namedBy(name), hasFallback)).kept;
        everything.push(included);
        snippets[name] = snippetOf(included.answer);
      }
      const deeper = Object.values(snippets).flatMap((one) => includesOf([{ role: "user", content: one.text }]));
      wanted = [...new Set(deeper)].filter((name) => !Object.hasOwn(snippets, name));
    }
    const ageS = Math.max(0, (Date.now() - Math.min(...everything.map((one) => one.at))) / 1_000);
    const stale = everything.some((one) => one.stale);
    const parameters = (answer.parameters ?? {}) as Record<string, Parameter>;
    return new Prompt(answer.slug, answer.version, answer.label ?? null, answer.model, answer.messages as unknown as Messages, parameters, source, stale, ageS, answer, snippets);
  }

  /** Whoever asks for what is being asked for waits for the same answer. */
  private one(asked: Asked, hasFallback: boolean): Promise<{ kept: Kept; source: Source }> {
    const key = JSON.stringify([this.scope, asked.slug, asked.label ?? null, asked.version ?? null]);
    const known = this.kept.get(key);
    if (known && performance.now() - known.checkedAt < this.freshS * 1_000) return Promise.resolve({ kept: known, source: sourceOf(known) });
    const flight = `${key}${hasFallback}`;
    const flying = this.underWay.get(flight);
    if (flying) return flying;
    const promise = this.looked(asked, key, hasFallback).finally(() => this.underWay.delete(flight));
    this.underWay.set(flight, promise);
    return promise;
  }

  private async looked(asked: Asked, key: string, hasFallback: boolean): Promise<{ kept: Kept; source: Source }> {
    const known = this.kept.get(key) ?? (await this.stored(key));
    const canWait = known === undefined && !hasFallback;
    try {
      if (this.rests && !canWait) throw new NotReached("Burnish did not answer a moment ago.");
      const told = await this.ask(asked, { etag: known?.etag ?? null, timeoutS: canWait ? null : PROMPT_TIMEOUT_S });
      const answer = told.body ?? known?.answer;
      if (answer === undefined) throw new NotReached("Burnish confirmed what nobody knows.");
      const kept: Kept = { answer, etag: told.body ? told.etag : (known?.etag ?? null), at: Date.now() - told.ageS * 1_000, checkedAt: performance.now(), fromStore: false, stale: told.ageS > 0 };
      this.kept.set(key, kept);
      this.restsUntil = -Infinity;
      await this.put(key, kept);
      return { kept, source: "network" };
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 410)) await this.forget(key);
      if (!isAway(error)) throw error;
      const restMs = Math.min(REST_S, this.freshS) * 1_000;
      if (!this.rests) this.restsUntil = performance.now() + restMs;
      if (known === undefined) throw error;
      Object.assign(known, { stale: true, checkedAt: this.restsUntil - this.freshS * 1_000 });
      this.kept.set(key, known);
      return { kept: known, source: sourceOf(known) };
    }
  }

  private get rests(): boolean {
    return performance.now() < this.restsUntil;
  }

  private async stored(key: string): Promise<Kept | undefined> {
    try {
      const text = (await this.store?.get(key)) ?? null;
      if (text === null) return undefined;
      const { answer, etag, at } = JSON.parse(text) as { answer: PromptVersion; etag: string | null; at: number };
      return typeof answer.slug === "string" && Array.isArray(answer.messages) ? { answer, etag, at, checkedAt: -Infinity, fromStore: true, stale: true } : undefined;
    } catch {
      return undefined;
    }
  }

  /** A store that cannot be written does not stop anybody. */
  private async put(key: string, { answer, etag, at }: Kept): Promise<void> {
    try {
      await this.store?.set(key, JSON.stringify({ answer, etag, at }));
    } catch {
      return;
    }
  }

  /** The server said that there is none: neither memory nor the store may serve it later. */
  private async forget(key: string): Promise<void> {
    this.kept.delete(key);
    try {
      await this.store?.delete(key);
    } catch {
      return;
    }
  }
}

/** Whether what is known may be served instead: the server cannot be asked, or not now. That it refused is no reason. */
function isAway(error: unknown): boolean {
  return error instanceof NotReached || (error instanceof ApiError && (error.status >= 500 || error.status === 408 || error.status === 429));
}

function sourceOf(kept: Kept): Source {
  return kept.fromStore ? "disk" : "memory";
}

function includesOf(messages: Messages): string[] {
  return parseMessages(messages as TemplateMessage[]).includes;
}

/** What `tone`, `tone@staging` and `tone@3` ask for. */
function namedBy(name: string): Asked {
  const [slug = name, at] = name.split("@");
  if (at === undefined) return { slug };
  return /^[0-9]+$/.test(at) ? { slug, version: Number(at) } : { slug, label: at };
}

function snippetOf(answer: PromptVersion): Snippet {
  const [message, ...more] = answer.messages;
  if (!message || more.length > 0 || typeof message.content !== "string") {
    throw new TemplateError(`'${answer.slug}' cannot be included: a snippet is a prompt with one message, which has a text.`, "messages");
  }
  return { text: message.content, parameters: (answer.parameters ?? {}) as Record<string, Parameter> };
}
