/** The one client of the API. Types come from schema.d.ts, which `npm run gen` writes. Failed answers are thrown as ApiError. */
import createClient, { type Middleware } from "openapi-fetch";
import { errorOf, foreignAnswer, isForeign, noConnection } from "./errors";
import type { components, paths } from "./schema";

/** A schema of the API by its name: `Schema<"PromptItem">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

type Standing = { csrfToken: string | null; workspaceId: string | null; userId: string | null; role: string | null; /** Somebody signed in since the document was loaded, and the shell has not come up yet. */ hasSignedIn: boolean };

/** What each request carries beside its body, and who sends it; the session sets it (see session.tsx). */
export const standing: Standing = { csrfToken: null, workspaceId: null, userId: null, role: null, hasSignedIn: false };

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** The headers of a request: X-CSRF-Token where it changes something, and the workspace that is meant. */
export function standingHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = {};
  if (standing.csrfToken && !SAFE.has(method.toUpperCase())) headers["X-CSRF-Token"] = standing.csrfToken;
  if (standing.workspaceId) headers["X-Burnish-Workspace"] = standing.workspaceId;
  return headers;
}

/** The session that each request was sent by. */
const sentBy = new WeakMap<Request, string | null>();

const standingOnEach: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(standingHeaders(request.method))) {
      if (!request.headers.has(name)) request.headers.set(name, value);
    }
    sentBy.set(request, standing.csrfToken);
    return request;
  },
  async onResponse({ request, response, options }) {
    if (isForeign(response) && options.parseAs === "json") throw foreignAnswer();
    if (response.ok || response.status === 304) return undefined;
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => null);
    const error = errorOf(response, body);
    if (error.isSignedOut) tellSignedOut(sentBy.get(request));
    throw error;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return noConnection(error);
  },
};

/** An Idempotency-Key of its own. What is sent again under it, because no answer came, runs and costs once. */
export function newIdempotencyKey(): string {
  // randomUUID is there in secure contexts alone, and people also come by http to an address within their network.
  return `page-${crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-")}`;
}

/** Called where the API says that nobody is signed in (any more). */
export const signedOut = new Set<() => void>();

/** A 401 of a request that was sent by this session. That of one before, which comes late, does not end the one that has begun since. */
export function tellSignedOut(sentBySession: string | null | undefined): void {
  if (standing.csrfToken && sentBySession !== standing.csrfToken) return;
  for (const heard of signedOut) heard();
}

/** Called where the API lets nobody follow the workspace any more: whoever looks at it was probably taken out of it. Not at the 403 of an act: what
 * somebody typed stays, with the reason beside it, although their role offers that form no more. */
export const refused = new Set<() => void>();

export function tellRefused(): void {
  for (const heard of refused) heard();
}

const BODILESS = new Set([204, 205, 304]);

/** The answer once all of it is here. One that breaks off on its way is none: the status came, and what became of it is as unknown as without. */
async function wholeAnswer(request: Request): Promise<Response> {
  const answer = await globalThis.fetch(request);
  if (answer.body === null || BODILESS.has(answer.status)) return answer;
  return new Response(await answer.arrayBuffer(), { status: answer.status, statusText: answer.statusText, headers: answer.headers });
}

/** `await api.GET("/v1/prompts", { params: { query: { q } } })` gives `{ data }`, or throws ApiError. */
export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin", fetch: wholeAnswer });
api.use(standingOnEach);

/** The data of an answer that succeeded. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>;
}
