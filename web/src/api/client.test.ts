import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, signedOut, standing } from "./client";
import { ApiError } from "./errors";
import { change, read } from "./hooks";
import { sendLines } from "./lines";
import { stream } from "./stream";

const body = { error: { type: "invalid_request", code: "invalid_field", message: "A slug is lower case.", param: "slug", request_id: "req_1", retryable: false, details: null } };
let sent: Request[] = [];

function answer(status: number, json: unknown, headers: Record<string, string> = {}) {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (request) => {
    sent.push(request as Request);
    return new Response(typeof json === "string" ? json : JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
  });
}

async function failed(act: Promise<unknown>): Promise<ApiError> {
  const error = await act.then(() => null, (caught: unknown) => caught);
  if (!(error instanceof ApiError)) throw error ?? new Error("it did not fail");
  return error;
}

afterEach(() => {
  sent = [];
  Object.assign(standing, { csrfToken: null, workspaceId: null });
});

describe("a request", () => {
  it("carries the CSRF token only where it changes something, the workspace always, and no empty parameter", async () => {
    answer(200, { data: [], next_cursor: null });
    Object.assign(standing, { csrfToken: "csrf", workspaceId: "w1" });
    await read("/v1/prompts", { query: { q: "", tag: null, label: "production" } });
    await change("post", "/v1/prompts", { body: { slug: "a" } as never });
    expect(sent.map((one) => [one.method, one.headers.get("x-csrf-token"), one.headers.get("x-burnish-workspace")])).toEqual([["GET", null, "w1"], ["POST", "csrf", "w1"]]);
    expect(new URL(sent[0]?.url ?? "").search).toBe("?label=production");
  });
});

describe("a request that names its workspace itself", () => {
  it("keeps that one, whichever is chosen by the time it is sent", async () => {
    answer(200, {});
    Object.assign(standing, { csrfToken: "csrf", workspaceId: "w2" });
    await change("post", "/v1/prompts", { body: { slug: "a" } as never, headers: { "X-Burnish-Workspace": "w1" } });
    expect([sent[0]?.headers.get("x-burnish-workspace"), sent[0]?.headers.get("x-csrf-token")]).toEqual(["w1", "csrf"]);
  });
});

describe("an answer that is an error", () => {
  it("says all that the API said", async () => {
    answer(422, body);
    const error = await failed(api.GET("/v1/plans"));
    expect([error.status, error.code, error.param, error.requestId, error.message, error.retryable]).toEqual([422, "invalid_field", "slug", "req_1", "A slug is lower case.", false]);
  });

  it("is one too where a proxy wrote it", async () => {
    answer(502, "<html>Bad gateway", { "x-request-id": "req_2", "retry-after": "7" });
    const error = await failed(read("/v1/plans"));
    expect([error.status, error.requestId, error.retryable, error.retryAfterS]).toEqual([502, "req_2", true, 7]);
  });

  it.each([
    [413, "This is larger than what stands before Burnish lets through (413)."],
    [429, "Too many requests at once (429). Try again in 7 s."],
    [503, "Burnish cannot be reached at the moment (503). Try again soon."],
  ])("says what a proxy's %i means", async (status, words) => {
    answer(status, "<html>", { "retry-after": "7" });
    expect((await failed(read("/v1/plans"))).message).toBe(words);
  });

  it("is one where the answer breaks off on its way", async () => {
    const body = () => new ReadableStream({ start: (given) => given.enqueue(new TextEncoder().encode("{")), pull: (given) => given.error(new TypeError("network error")) });
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(body(), { status: 200 }));
    expect((await failed(read("/v1/plans"))).isConnection).toBe(true);
    expect((await failed(sendLines("/v1/files", "{}"))).isConnection).toBe(true);
  });

  it("tells who is signed out, and what is no connection", async () => {
    const heard = vi.fn();
    signedOut.add(heard);
    answer(401, body);
    expect((await failed(read("/v1/plans"))).isSignedOut).toBe(true);
    expect(heard).toHaveBeenCalledOnce();
    signedOut.delete(heard);
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
    expect((await failed(read("/v1/plans"))).isConnection).toBe(true);
  });
});

describe("a 401", () => {
  const refused = () => new Response(JSON.stringify({ error: { type: "unauthorized", code: "unauthorized", message: "Sign in." } }), { status: 401 });
  let ended = 0;
  const heard = () => void ended++;

  beforeEach(() => {
    ended = 0;
    signedOut.add(heard);
  });
  afterEach(() => {
    signedOut.delete(heard);
    standing.csrfToken = null;
    vi.restoreAllMocks();
  });

  it.each(["of the client", "of a stream"])("%s ends the session that it was sent by, and none that has begun since", async (way) => {
    let come: () => void = () => undefined;
    vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise((resolve) => (come = () => resolve(refused()))));
    const ask = () => (way === "of a stream" ? stream("/v1/live").next() : api.GET("/v1/prompts", {})).catch(() => null);
    const comes = async (asked: Promise<unknown>) => {
      await new Promise((resolve) => setTimeout(resolve));
      come();
      await asked;
    };
    standing.csrfToken = "ada";
    await comes(ask());
    expect(ended).toBe(1);
    for (const sentBy of ["ada", null]) {
      standing.csrfToken = sentBy;
      const late = ask();
      await new Promise((resolve) => setTimeout(resolve));
      standing.csrfToken = "bob";
      await comes(late);
    }
    expect(ended).toBe(1);
  });
});

describe("a page in place of the API's answer, as a network's sign-in page is", () => {
  const PAGE = ["<html><body>Please sign in</body></html>", { "content-type": "text/html; charset=utf-8" }] as const;

  it("is no answer, and says in words what it may be", async () => {
    answer(200, ...PAGE);
    const error = await failed(read("/v1/prompts"));
    expect([error.isConnection, error.isLost, error.retryable]).toEqual([true, true, true]);
    expect(error.message).toContain("sign-in page of a network");
    expect((await failed(change("post", "/v1/prompts", { body: { slug: "a" } as never }))).isLost).toBe(true);
  });

  it("is no stream either", async () => {
    answer(200, ...PAGE);
    expect((await failed(stream("/v1/live").next())).isConnection).toBe(true);
  });
});
