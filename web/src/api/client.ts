/** The one client of the API. Types come from schema.d.ts, which `npm run gen` writes. Failed answers are thrown as ApiError. */
import createClient, { type Middleware } from "openapi-fetch";
import { errorOf, noConnection } from "./errors";
import type { components, paths } from "./schema";

/** A schema of the API by its name: `Schema<"PromptItem">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

type Standing = { csrfToken: string | null; workspaceId: string | null; /** Somebody signed in since the document was loaded, and the shell has not come up yet. */ hasSignedIn: boolean };

/** What each request carries beside its body; the session sets it (see session.tsx). */
export const standing: Standing = { csrfToken: null, workspaceId: null, hasSignedIn: false };

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** The headers of a request: X-CSRF-Token where it changes something, and the workspace that is meant. */
export function standingHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = {};
  if (standing.csrfToken && !SAFE.has(method.toUpperCase())) headers["X-CSRF-Token"] = standing.csrfToken;
  if (standing.workspaceId) headers["X-Burnish-Workspace"] = standing.workspaceId;
  return headers;
}

const standingOnEach: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(standingHeaders(request.method))) {
      if (!request.headers.has(name)) request.headers.set(name, value);
    }
    return request;
  },
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return undefined;
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => null);
    const error = errorOf(response, body);
    if (error.isSignedOut) for (const heard of signedOut) heard();
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

/** `await api.GET("/v1/prompts", { params: { query: { q } } })` gives `{ data }`, or throws ApiError. */
export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin", fetch: (request) => globalThis.fetch(request) });
api.use(standingOnEach);

/** The data of an answer that succeeded. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>;
}
