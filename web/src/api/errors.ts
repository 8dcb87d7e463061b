import type { components } from "./schema";

type ErrorBody = components["schemas"]["ErrorBody"];

let said = (sentence: string) => sentence;

/** How sentences of errors are written from now on. The entry itself knows no way of writing numbers: it would take in all of the kit. */
export function sayErrorsBy(words: (sentence: string) => string): void {
  said = words;
}

/** An answer of the API that is an error (the one schema of every error), or no answer at all (`status` 0, code `no_connection`). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  /** The field at fault, such as `messages[0].content`; null where none is. */
  readonly param: string | null;
  readonly requestId: string | null;
  readonly retryable: boolean;
  readonly details: Record<string, unknown>;
  /** Seconds that the API asks to wait, from Retry-After. */
  readonly retryAfterS: number | null;
  /** The whole answer, for what some errors hold beside `error` (such as `merge` of `newer_version`). */
  readonly answer: unknown;

  constructor(status: number, body: Partial<ErrorBody> & { message: string }, retryAfterS: number | null = null, answer: unknown = null) {
    super(said(body.message));
    this.status = status;
    this.code = body.code ?? "unknown";
    this.param = body.param ?? null;
    this.requestId = body.request_id ?? null;
    this.retryable = body.retryable ?? false;
    this.details = body.details ?? {};
    this.retryAfterS = retryAfterS;
    this.answer = answer;
  }

  /** Nobody answered: the connection is gone, or the gateway is. */
  get isConnection(): boolean {
    return this.status === 0;
  }

  /** Nobody knows whether it was done: no answer came, or none of Burnish's own, or it was too busy to say. */
  get isLost(): boolean {
    return this.isConnection || this.status === 503 || (this.status >= 500 && this.code === "unexpected");
  }

  /** The caller is not signed in any more. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }
}

/** What somebody can do about an answer that is none of Burnish's own, such as a proxy's page. */
function wordsOf(status: number, retryAfterS: number | null): string {
  if (status === 413) return "This is larger than what stands before Burnish lets through (413).";
  if (status === 429) return `Too many requests at once (429). Try again in ${retryAfterS === null ? "a moment" : `${Math.ceil(retryAfterS)} s`}.`;
  if (status >= 502 && status <= 504) return `Burnish cannot be reached at the moment (${status}). Try again soon.`;
  return `The gateway answered ${status}.`;
}

/** The error that a failed answer holds; any text, such as a proxy's page, becomes one too. */
export function errorOf(response: Response, body: unknown): ApiError {
  const wait = Number(response.headers.get("retry-after"));
  const retryAfterS = Number.isFinite(wait) && wait > 0 ? wait : null;
  if (typeof body === "object" && body !== null && "error" in body) {
    const error = body.error as ErrorBody;
    if (typeof error === "object" && error !== null && typeof error.message === "string") return new ApiError(response.status, error, retryAfterS, body);
  }
  const requestId = response.headers.get("x-request-id") ?? undefined;
  return new ApiError(response.status, { code: "unexpected", message: wordsOf(response.status, retryAfterS), request_id: requestId, retryable: response.status >= 500 }, retryAfterS);
}

export function noConnection(cause: unknown): ApiError {
  const error = new ApiError(0, { code: "no_connection", message: "Burnish does not answer. Is the connection up?", retryable: true });
  error.cause = cause;
  return error;
}

/** A page that was answered where the API's own answer was asked for: something stands between, and whether the API heard of it nobody knows. */
export function isForeign(response: Response): boolean {
  return response.ok && (response.headers.get("content-type") ?? "").startsWith("text/html");
}

export function foreignAnswer(): ApiError {
  return new ApiError(0, { code: "no_connection", message: "Something else answers in Burnish’s place, such as the sign-in page of a network. Open any page in a new tab, and try again.", retryable: true });
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(-1, { code: "page", message: error instanceof Error ? error.message : String(error) });
}
