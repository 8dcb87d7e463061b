/** What can go wrong, as one small tree.
 *
 *     BurnishError
 *     ├── ApiError        the server refused, with a code that stays, the field to blame and the id of the request
 *     │   └── BadRequest, Unauthenticated, PaymentRequired, Forbidden, NotFound, Conflict, RateLimited, ServerError: its kinds
 *     ├── NotReached      no answer came, after all retries
 *     ├── StreamBroke     a stream ended without its last event; the server books what it had produced
 *     ├── AbortError      your signal ended it
 *     ├── TimedOut        what was waited for goes on, and was not waited for any longer
 *     └── InvalidWebhook  a message was not signed with this secret, or is too old
 */

/** Anything that this package throws, but for a text that is no template (TemplateError). */
export class BurnishError extends Error {
  override name = "BurnishError";
}

type Said = { code?: unknown; message?: unknown; param?: unknown; request_id?: unknown; retryable?: unknown; retry_after_s?: unknown; details?: unknown };

/** An answer that is none. `code` is stable, see docs/reference/errors.md; `param` names the field to blame, where one is. */
export class ApiError extends BurnishError {
  override name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly requestId: string | null;
  readonly retryable: boolean;
  readonly retryAfterS: number | null;
  readonly details: unknown;

  /** `body`: the parsed answer, whatever it is; a proxy between us may have sent it. */
  constructor(status: number, body: unknown, requestId: string | null = null) {
    const error: unknown = typeof body === "object" && body !== null && "error" in body ? body.error : null;
    const said: Said = typeof error === "object" && error !== null ? error : {};
    const code = text(said.code) ?? "unknown";
    const request = text(said.request_id) ?? requestId;
    super(`${text(said.message) ?? `The server answered ${status}.`} (${code}, request ${request})`);
    this.status = status;
    this.code = code;
    this.param = text(said.param);
    this.requestId = request;
    this.retryable = typeof said.retryable === "boolean" ? said.retryable : [429, 502, 503, 504].includes(status);
    this.retryAfterS = typeof said.retry_after_s === "number" ? said.retry_after_s : null;
    this.details = said.details ?? null;
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** 400, 413, 422: something about the request is wrong; `param` names the field. */
export class BadRequest extends ApiError {
  override name = "BadRequest";
}

/** 401: no key, or not a valid one. */
export class Unauthenticated extends ApiError {
  override name = "Unauthenticated";
}

/** 402: credit or a budget is used up; nobody was called. */
export class PaymentRequired extends ApiError {
  override name = "PaymentRequired";
}

/** 403: the key may not, or the workspace is suspended. */
export class Forbidden extends ApiError {
  override name = "Forbidden";
}

/** 404, 410: there is no such thing in this workspace. */
export class NotFound extends ApiError {
  override name = "NotFound";
}

/** 409: something else stands there, or is under way. */
export class Conflict extends ApiError {
  override name = "Conflict";
}

/** 429: your limit, or the provider's; `retryAfterS`. */
export class RateLimited extends ApiError {
  override name = "RateLimited";
}

/** 500 and above: Burnish or the provider failed, or ran out of time. */
export class ServerError extends ApiError {
  override name = "ServerError";
}

const KINDS: Readonly<Record<number, typeof ApiError>> = {
  400: BadRequest,
  401: Unauthenticated,
  402: PaymentRequired,
  403: Forbidden,
  404: NotFound,
  409: Conflict,
  410: NotFound,
  413: BadRequest,
  422: BadRequest,
  429: RateLimited,
};

/** An ApiError of the kind that the status says. */
export function refusalOf(status: number, body: unknown, requestId: string | null = null): ApiError {
  const Kind = KINDS[status] ?? (status >= 500 ? ServerError : ApiError);
  return new Kind(status, body, requestId);
}

/** Nobody answered: refused, timed out, or broken off before an answer began. */
export class NotReached extends BurnishError {
  override name = "NotReached";
}

/** The stream ended early. `text` is what had come until then; `executionId` lets you read how it was booked. */
export class StreamBroke extends BurnishError {
  override name = "StreamBroke";

  constructor(
    message: string,
    readonly text: string,
    readonly executionId: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Your `signal` ended it. `cause` is the signal's reason: what you gave to `abort`, or what `AbortSignal.timeout` says. */
export class AbortError extends BurnishError {
  override name = "AbortError";

  constructor(reason: unknown) {
    const said = reason instanceof Error ? reason.message : typeof reason === "string" ? reason : "";
    super(said === "" ? "The call was ended by its signal." : `The call was ended by its signal: ${said}`, { cause: reason });
  }
}

/** Throws AbortError where `signal` says to end. */
export function leaveIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortError(signal.reason);
}

/** It was not done in the time that you gave. It goes on, and `id` reads it later. */
export class TimedOut extends BurnishError {
  override name = "TimedOut";

  constructor(
    message: string,
    readonly id: string,
  ) {
    super(message);
  }
}

/** Answer 400 and do nothing. */
export class InvalidWebhook extends BurnishError {
  override name = "InvalidWebhook";
}
