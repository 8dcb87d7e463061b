/** JSON lines, there and back: files that are sent as they are, and answers that are read a line at a time. */
import { standing, standingHeaders, tellSignedOut } from "./client";
import { errorOf, noConnection } from "./errors";

async function ask(path: string, init: RequestInit & { method: "GET" | "POST" }): Promise<Response> {
  const sentBySession = standing.csrfToken;
  const response = await fetch(path, { ...init, credentials: "same-origin", headers: { ...standingHeaders(init.method), ...init.headers } }).catch((error: unknown) => {
    throw init.signal?.aborted ? error : noConnection(error);
  });
  if (response.ok) return response;
  const error = errorOf(response, await response.json().catch(() => null));
  if (error.isSignedOut) tellSignedOut(sentBySession);
  throw error;
}

/** Sends lines, or another text of this `type`, as it is; the answer's JSON. Throws ApiError. */
export async function sendLines<T>(path: string, lines: string | Blob, { type = "application/x-ndjson", key, signal }: { type?: string; /** An Idempotency-Key. */ key?: string; signal?: AbortSignal } = {}): Promise<T> {
  // Of a file without a type the browser would say nothing at all.
  const response = await ask(path, { method: "POST", body: lines, headers: { "Content-Type": type, ...(key ? { "Idempotency-Key": key } : {}) }, signal });
  return (await response.json().catch((error: unknown) => {
    throw signal?.aborted ? error : noConnection(error);
  })) as T;
}

export type Lines<T> = { rows: T[]; /** There are more behind them. */ hasMore: boolean };

/** Reads lines until so many of them are `wanted`, and lets the rest go. */
export async function readLines<T>(path: string, { most, wanted = () => true, signal }: { most: number; wanted?: (row: T) => boolean; signal?: AbortSignal }): Promise<Lines<T>> {
  const response = await ask(path, { method: "GET", signal });
  if (!response.body) return { rows: [], hasMore: false };
  const reader = response.body.getReader();
  const found: T[] = [];
  try {
    for await (const line of linesOf(reader)) {
      const row = JSON.parse(line) as T;
      if (!wanted(row)) continue;
      if (found.length === most) return { rows: found, hasMore: true };
      found.push(row);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return { rows: found, hasMore: false };
}

/** The lines of a body, however it was cut on its way; empty ones are left out. */
export async function* linesOf(reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read">): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line.trim()) yield line;
    if (done) return;
  }
}
