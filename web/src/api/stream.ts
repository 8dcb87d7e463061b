/** Streams of the API that a page opens for itself (an answer in the playground, an optimization's progress). */
import { errorOf, noConnection } from "./errors";
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
    throw noConnection(error);
  }
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
