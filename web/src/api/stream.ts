/** Streams of the API that a page opens for itself (an answer in the playground, an optimization's progress). */
import { asApiError, errorOf, foreignAnswer, isForeign, noConnection } from "./errors";
import { standing, standingHeaders, tellSignedOut } from "./client";
import { type ServerEvent, serverEvents } from "./sse";

export type StreamRequest = { method?: "GET" | "POST"; body?: unknown; signal?: AbortSignal; lastEventId?: string; headers?: Record<string, string>; /** Called once with the answer's headers, before its first event. */ onHeaders?: (headers: Headers) => void };

/** The events of `path`. Ends when the server ends; abort `signal` to stop. Throws ApiError. */
export async function* stream(path: string, { method = "GET", body, signal, lastEventId, headers, onHeaders }: StreamRequest = {}): AsyncGenerator<ServerEvent> {
  const sentBySession = standing.csrfToken;
  const response = await fetch(path, {
    method,
    signal,
    credentials: "same-origin",
    headers: {
      Accept: "text/event-stream",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(lastEventId ? { "Last-Event-ID": lastEventId } : {}),
      ...standingHeaders(method),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error: unknown) => {
    throw signal?.aborted ? error : noConnection(error);
  });
  if (isForeign(response)) throw foreignAnswer();
  onHeaders?.(response.headers);
  if (!response.ok || !response.body) {
    const error = errorOf(response, await response.json().catch(() => null));
    if (error.isSignedOut) tellSignedOut(sentBySession);
    throw error;
  }
  try {
    yield* serverEvents(response.body);
  } catch (error) {
    if (signal?.aborted) return;
    // Too long for the page (see EventParser) is no matter of the connection, and asking again makes it no shorter.
    throw error instanceof RangeError ? asApiError(error) : noConnection(error);
  }
}

const REPEATS_MOST = 40;

/** Whether the first request under the same Idempotency-Key still runs: its answer is there, for the same price, as soon as it has ended. */
export function stillRuns(repeat: number, failed: unknown): boolean {
  const error = asApiError(failed);
  return error.status === 409 && error.retryable && repeat < REPEATS_MOST;
}

/** How long to leave it running before asking again. */
export function waitMsFor(failed: unknown): number {
  return (asApiError(failed).retryAfterS ?? 1) * 1_000;
}

/** The events of one execution under its key. Where the request before it was lost and still runs, its answer is waited for. */
export async function* executionStream(body: object, { key, signal, onHeaders }: { key: string; signal: AbortSignal; onHeaders?: (headers: Headers) => void }): AsyncGenerator<ServerEvent> {
  for (let repeat = 0; ; repeat++) {
    try {
      return yield* stream("/v1/executions", { method: "POST", body: { ...body, stream: true }, headers: { "Idempotency-Key": key }, signal, onHeaders });
    } catch (caught) {
      if (signal.aborted || !stillRuns(repeat, caught)) throw caught;
      await pause(waitMsFor(caught), signal);
      if (signal.aborted) return undefined;
    }
  }
}

/** Waits, at most until the browser is online again or `signal` ends it. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}

/** Gathers what comes within one frame, so that a fast stream paints once a frame. Call the result's `flush` at the end. */
export function perFrame<T>(take: (gathered: T[]) => void): { push: (one: T) => void; flush: () => void } {
  let gathered: T[] = [];
  let frame = 0;
  const flush = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (gathered.length === 0) return;
    const taken = gathered;
    gathered = [];
    take(taken);
  };
  return {
    push(one) {
      gathered.push(one);
      if (frame === 0) frame = requestAnimationFrame(flush);
    },
    flush,
  };
}
