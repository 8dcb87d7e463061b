/** What goes over the wire: one request with its tries. */
import { AbortError, ApiError, leaveIfAborted, NotReached, refusalOf } from "./errors.js";
import { traceHeaders } from "./trace.js";

const VERSION = "0.1.0";
const DEFAULT_URL = "http://127.0.0.1:18000";

/** Answers after which the same request may succeed. Each carries its idempotency key, so nothing is done twice. */
const RETRIED = new Set([408, 429, 500, 502, 503, 504]);
const KEY_IN_USE = "idempotency_in_progress";
const LONGEST_WAIT_S = 30;

export type Query = Record<string, string | number | boolean | null | undefined>;

/** A body that is sent as it is. A form and a Blob bring their content-type along; that of others stands among the headers. */
export type Content = string | Uint8Array<ArrayBuffer> | Blob | FormData | URLSearchParams;

/** One request. `timeoutS`: of one try, where it differs; `content`: in place of a `body`, which is sent as JSON. */
export type Call = { method: string; path: string; body?: unknown; content?: Content; query?: Query; headers?: Record<string, string>; timeoutS?: number; signal?: AbortSignal | undefined };

export type Settings = { baseUrl: string; apiKey: string | null; timeoutS: number; tries: number; fetch: typeof fetch };

export type Given = { baseUrl?: string; apiKey?: string | null; timeoutS?: number; maxRetries?: number; fetch?: typeof fetch };

/** Throws TypeError where no key is known and none is disclaimed, and where key or address can be none. */
export function settingsOf(given: Given): Settings {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
  const apiKey = given.apiKey === undefined ? environment.BURNISH_API_KEY || undefined : given.apiKey;
  if (apiKey === undefined || apiKey === "") {
    throw new TypeError("Give apiKey, or set BURNISH_API_KEY: `burnish up` prints one. Give null where a server of yours between adds it, as in a browser.");
  }
  if (apiKey !== null && !/^[!-~]+$/.test(apiKey.trim())) throw new TypeError("apiKey: holds signs that no key of Burnish has; copy it anew.");
  const baseUrl = (given.baseUrl ?? (environment.BURNISH_BASE_URL || DEFAULT_URL)).trim().replace(/\/+$/, "").replace(/\/v1$/, "");
  if (!isAddress(baseUrl)) throw new TypeError(`baseUrl: is an address such as ${DEFAULT_URL}, or in a page a path such as /burnish, not ${JSON.stringify(baseUrl.slice(0, 80))}.`);
  // Called as a function of nobody: browsers refuse their fetch as a method of something else.
  const own = given.fetch;
  return { baseUrl, apiKey, timeoutS: given.timeoutS ?? 125, tries: Math.max(0, given.maxRetries ?? 3) + 1, fetch: own ?? ((input, init) => globalThis.fetch(input, init)) };
}

/** Can it be asked at all: http or https and a host, or a path, which a page asks its own server for. */
function isAddress(baseUrl: string): boolean {
  return baseUrl === "" || baseUrl.startsWith("/") || (/^https?:\/\//i.test(baseUrl) && URL.canParse(baseUrl));
}

/** A response with the means to end it. Whoever has one calls `end` when done with it, and lets the time of a try run (`touch`) while it
 *  waits for the server, not while its own reader takes its time (`rest`). */
export type Answer = { response: Response } & Timed;

/** An answer, or its beginning; before it nothing was shown, so it may be tried again. The last failure is thrown.
 *  A 404 of Burnish's own to a DELETE whose earlier try got no answer says that that one did it: 204. */
export async function sent(settings: Settings, call: Call, tries = settings.tries): Promise<Answer> {
  // Anything else could lead to another host, with the key.
  if (!/^\/(?!\/)/.test(call.path)) throw new TypeError(`path: begins with one slash, such as /v1/prompts, not ${JSON.stringify(call.path.slice(0, 80))}.`);
  const url = settings.baseUrl + targetOf(call.path, call.query);
  if (call.body !== undefined && call.content !== undefined) throw new TypeError("content: is the whole body; give no body beside it.");
  const body = call.body === undefined ? call.content : JSON.stringify(call.body);
  const headers = headersOf(settings, call);
  let wasLost = false;
  for (let attempt = 0; ; attempt++) {
    const isLast = attempt + 1 >= tries;
    leaveIfAborted(call.signal);
    const timed = withTimeout(call.timeoutS ?? settings.timeoutS, call.signal);
    let waitMs: number;
    try {
      const response = await settings.fetch(url, { method: call.method, headers, redirect: "manual", signal: timed.signal, ...(body === undefined ? {} : { body }) });
      if (isAnswer(response)) return { ...timed, response };
      const refusal = await refused(response);
      timed.end();
      if (wasLost && call.method === "DELETE" && refusal.status === 404 && refusal.code.endsWith("not_found")) return { ...timed, response: new Response(null, { status: 204 }) };
      wasLost ||= response.status >= 500;
      // The execution failed for good under this idempotency key: every further try would be told the same.
      const isSpent = response.headers.get("x-should-retry") === "false";
      const retryAfter = response.headers.get("retry-after");
      // Nor is there one where the server says to come back later than the last of them would.
      const isTooLate = saidMsOf(retryAfter ?? "") > (tries - attempt - 1) * LONGEST_WAIT_S * 1_000;
      if (isLast || isSpent || isTooLate || !(RETRIED.has(response.status) || refusal.code === KEY_IN_USE)) throw refusal;
      waitMs = waitMsFor(attempt, retryAfter);
    } catch (error) {
      timed.end();
      if (error instanceof ApiError) throw error;
      leaveIfAborted(call.signal);
      wasLost ||= !neverArrived(error);
      if (isLast) throw new NotReached(`${settings.baseUrl} does not answer: ${whyOf(error)}.`, { cause: error });
      waitMs = waitMsFor(attempt, null);
    }
    await pause(waitMs, call.signal);
  }
}

/** An answer read whole. `body` null where it is empty. */
export async function answered(settings: Settings, call: Call, tries = settings.tries): Promise<{ response: Response; body: unknown }> {
  return readWhole(settings, call, tries, async (response) => ({ response, body: parsed(await response.text()) }));
}

/** An answer that may be no JSON, read whole. */
export async function answeredRaw(settings: Settings, call: Call): Promise<Response> {
  return readWhole(settings, call, settings.tries, async (response) => {
    const body = await response.blob();
    return new Response(body.size > 0 ? body : null, { status: response.status, statusText: response.statusText, headers: response.headers });
  });
}

/** A connection that breaks within an answer is tried again like one that is refused. */
async function readWhole<T>(settings: Settings, call: Call, tries: number, read: (response: Response) => Promise<T>): Promise<T> {
  const headers = { ...(call.method === "POST" ? { "idempotency-key": newKey() } : {}), ...call.headers };
  for (let attempt = 0; ; attempt++) {
    const { response, end } = await sent(settings, { ...call, headers }, tries - attempt);
    try {
      return await read(response);
    } catch (error) {
      if (error instanceof NotReached) throw error;
      leaveIfAborted(call.signal);
      if (attempt + 1 >= tries) throw new NotReached(`${settings.baseUrl} broke off its answer: ${whyOf(error)}.`, { cause: error });
      await pause(waitMsFor(attempt, null), call.signal);
    } finally {
      end();
    }
  }
}

/** How long to wait before the next try (`attempt` 0: the first failed): what the server says, else doubling from half a second, with jitter. */
export function waitMsFor(attempt: number, retryAfter: string | null): number {
  const saidMs = saidMsOf(retryAfter ?? "");
  if (!Number.isNaN(saidMs)) return Math.min(Math.max(saidMs, 0), LONGEST_WAIT_S * 1_000);
  return Math.min(500 * 2 ** attempt, 8_000) * (0.5 + Math.random() / 2);
}

/** Retry-After in seconds or as an HTTP date (RFC 9110, 10.2.3); NaN for anything else. */
function saidMsOf(header: string): number {
  const retryAfter = header.trim();
  if (/^\d+(\.\d+)?$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  return retryAfter.endsWith(" GMT") ? Date.parse(retryAfter) - Date.now() : NaN;
}

/** What was not given is not sent, so that the server's own default stands. */
export function withoutNulls(body: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined && value !== null));
}

/** Waits; throws AbortError where `signal` says to end. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(new AbortError(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", leave);
      resolve();
    }, ms);
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
  });
}

/** The JSON of an answer, null where it is empty. */
export function parsed(text: string): unknown {
  try {
    return text === "" ? null : (JSON.parse(text) as unknown);
  } catch (error) {
    throw new NotReached("What answered is not Burnish: it sent no JSON. Look at baseUrl.", { cause: error });
  }
}

/** We follow no redirect: it would carry the key along. */
function isAnswer(response: Response): boolean {
  return response.ok || response.status === 304;
}

async function refused(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  return refusalOf(response.status, body, response.headers.get("x-request-id"));
}

function headersOf(settings: Settings, call: Call): Record<string, string> {
  const isNode = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
  const own: Record<string, string> = {
    ...(settings.apiKey === null ? {} : { authorization: `Bearer ${settings.apiKey}` }),
    // A browser says who it is itself, and asks before a page says otherwise.
    ...(isNode ? { "user-agent": `burnish-client-ts/${VERSION}` } : {}),
    ...(call.body === undefined ? {} : { "content-type": "application/json" }),
    ...(call.method === "POST" ? { "idempotency-key": newKey() } : {}),
    ...traceHeaders(),
  };
  for (const [name, value] of Object.entries(call.headers ?? {})) own[name.toLowerCase()] = value;
  return own;
}

/** The path with the whole query: what `query` names replaces what the path says of it. */
function targetOf(path: string, query: Query | undefined): string {
  const [before = "", own = ""] = path.replace(/#.*$/, "").split(/\?(.*)/, 2);
  const whole = new URLSearchParams(own);
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined && value !== null) whole.set(name, String(value));
  return `${before}${whole.toString() && `?${whole.toString()}`}`;
}

function newKey(): string {
  // randomUUID is there in secure contexts alone.
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16).padStart(8, "0")).join("-");
}

type Timed = { signal: AbortSignal; touch: () => void; rest: () => void; end: () => void };

/** Ends what is under way `seconds` after it began or was last touched, unless it rests; or with the caller's own signal. */
function withTimeout(seconds: number, outer: AbortSignal | undefined): Timed {
  const controller = new AbortController();
  const late = () => controller.abort(new NotReached(`no answer within ${seconds} s`));
  const leave = () => controller.abort(outer?.reason);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = () => clearTimeout(timer);
  const touch = () => {
    rest();
    timer = setTimeout(late, seconds * 1_000);
  };
  const end = () => {
    rest();
    outer?.removeEventListener("abort", leave);
  };
  touch();
  outer?.addEventListener("abort", leave, { once: true });
  return { signal: controller.signal, touch, rest, end };
}

/** Whether nobody was reached at all, so that nothing can have been done. Node says so; a browser never says why a fetch failed. */
function neverArrived(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"].includes(code);
}

/** Why a fetch failed, in words: what Node puts beneath its "fetch failed" is what helps. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  const under = cause instanceof Error ? cause.message || ("code" in cause ? String(cause.code) : "") : "";
  return under ? `${error.message} (${under})` : error.message;
}
