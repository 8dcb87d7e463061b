// What the client does by itself, against answers that are made here; and the cases that all languages share.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import test from "node:test";
import * as all from "@burnish/client";
import { AbortError, ApiError, Burnish, BurnishError, InvalidWebhook, NotReached, RateLimited, ServerError, StreamBroke, TemplateError, verifyWebhook } from "@burnish/client";
import { parseMessages, render } from "./node_modules/@burnish/client/dist/carried/template.js";
import { waitMsFor } from "./node_modules/@burnish/client/dist/wire.js";

const PROMPT = { slug: "p", version: 3, messages: [{ role: "user", content: "Hello {{name}}." }], model: "m" };

/** A fetch that gives these answers in turn, and what it was asked. */
function answering(...answers) {
  const asked = [];
  const give = async (url, init) => {
    asked.push({ url, ...init });
    const one = answers.shift();
    if (one instanceof Error) throw one;
    return one;
  };
  return { asked, fetch: give };
}
const json = (body, status = 200, headers = {}) => Response.json(body, { status, headers });
const again = { "retry-after": "0" };
const client = (given, options = {}) => new Burnish({ baseUrl: "http://host/v1/", apiKey: "k", fetch: given.fetch, ...options });

const KINDS = { 400: "BadRequest", 401: "Unauthenticated", 402: "PaymentRequired", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "NotFound", 413: "BadRequest", 418: "ApiError", 422: "BadRequest", 429: "RateLimited", 500: "ServerError", 503: "ServerError" };
for (const [status, kind] of Object.entries(KINDS)) {
  test(`a refusal of ${status} is a kind to catch: ${kind}`, async () => {
    const given = answering(json({ error: { code: "c", message: "m", request_id: "r" } }, Number(status)));
    await assert.rejects(client(given, { maxRetries: 0 }).execute("p"), (error) => error instanceof all[kind] && error instanceof ApiError && error.name === kind && error.requestId === "r");
  });
}

test("null in the place of a prompt is none: the options say what is asked", async () => {
  const given = answering(json({ id: "1" }), json({ id: "2" }));
  const messages = [{ role: "user", content: "Hello." }];
  assert.equal((await client(given).execute(null, null, { messages, model: "m" })).id, "1");
  assert.equal((await client(given).execute(undefined, undefined, { messages, model: "m" })).id, "2");
  for (const one of given.asked) assert.deepEqual(JSON.parse(one.body), { messages, model: "m", response_shape: "with_metadata" });
});

test("what a stream ends with has its kind too", async () => {
  const given = answering(new Response('event: error\ndata: {"error": {"code": "c", "message": "m"}, "status": 429}\n\n', { headers: { "x-request-id": "r" } }));
  await assert.rejects(async () => {
    for await (const _ of client(given).stream("p"));
  }, (error) => error instanceof RateLimited && error.requestId === "r");
});

test("what runs in the background is waited for, and what is no list is said to be none", async () => {
  const told = (...course) => client(answering(...course.map((status) => json({ id: "e/1", status }))));
  assert.equal((await told("queued", "running", "timeout").awaitExecution("e/1", { everyS: 0 })).status, "timeout");
  await assert.rejects(told("running", "running", "running", "running").awaitExecution("e/1", { everyS: 0.01, limitS: 0 }), (error) => error.name === "TimedOut" && error.id === "e/1");
  await assert.rejects(client(answering(json({ id: "1" }))).list("/v1/prompts/p").next(), /\/v1\/prompts\/p is no list/);
});

test("some calls have settings of their own, and what is null is left out", async () => {
  const given = answering(json({}, 503, again), json({}, 503, again), json({ feedback_id: "f" }));
  const burnish = client(given, { maxRetries: 1 });
  await assert.rejects(burnish.withOptions({ maxRetries: 0 }).execute("p"), ServerError);
  assert.equal(given.asked.length, 1);
  assert.equal(await burnish.withOptions({ timeoutS: 5 }).feedback("e", { thumb: "up", comment: undefined, user_id: null, idempotency_key: "pressed-1" }), "f");
  assert.deepEqual([given.asked.length, JSON.parse(given.asked[2].body), given.asked[2].headers["idempotency-key"]], [3, { execution_id: "e", thumb: "up" }, "pressed-1"]);
  const silent = client({ fetch: (_url, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))) }, { maxRetries: 0 });
  await assert.rejects(silent.withOptions({ timeoutS: 0.05 }).execute("p"), NotReached);
});

test("what may succeed later is sent again under the same key, when the server says", async (t) => {
  const waits = [];
  t.mock.method(globalThis, "setTimeout", (done, ms) => {
    if (ms === 125_000) return 0; // the limit of a try
    waits.push(ms);
    queueMicrotask(done);
    return 0;
  });
  const given = answering(new TypeError("fetch failed"), json({}, 503, { "retry-after": "7" }), json({ id: "1", status: "success" }));
  assert.equal((await client(given).execute("greeting")).id, "1");
  assert.equal(given.asked.length, 3);
  assert.ok(waits[0] <= 500);
  assert.deepEqual(waits.slice(1), [7_000]);
  assert.equal(new Set(given.asked.map((one) => one.headers["idempotency-key"])).size, 1);
  assert.equal(given.asked[0].url, "http://host/v1/executions");
  assert.deepEqual(JSON.parse(given.asked[0].body), { prompt: "greeting", response_shape: "with_metadata" });
});

test("a key goes to no other host", async () => {
  for (const path of ["http://other.test/x", "//other.test/x", "@other.test/x", ".other.test/x", "v1/prompts", ""]) {
    const given = answering(json({}));
    await assert.rejects(client(given).request("GET", path), { name: "TypeError", message: /^path: begins with one slash/ });
    assert.deepEqual(given.asked, []);
  }
});

test("a removal whose answer was lost is done where the next try finds nothing", async () => {
  const gone = (code = "not_found") => json({ error: { code, message: "m" } }, 404);
  for (const lost of [new TypeError("fetch failed"), json({}, 502, again)]) {
    assert.equal(await client(answering(lost, gone())).request("DELETE", "/v1/prompts/p"), null);
  }
  const refused = new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
  for (const before of [[], [json({}, 429, again)], [refused]]) {
    await assert.rejects(client(answering(...before, gone())).request("DELETE", "/v1/prompts/p"), { status: 404 });
  }
  await assert.rejects(client(answering(json({}, 502, again), gone())).request("GET", "/v1/prompts/p"), { status: 404 });
  await assert.rejects(client(answering(json({}, 502, again), gone("route"))).request("DELETE", "/v1/prompts/p"), { status: 404 });
});

test("an answer that broke off within is asked for again under the same key", async () => {
  const broken = new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) }));
  const given = answering(broken, json({ id: "1" }));
  assert.equal((await client(given).execute("greeting")).id, "1");
  assert.equal(new Set(given.asked.map((one) => one.headers["idempotency-key"])).size, 1);
});

test("what failed for good under its key is not waited for", async () => {
  const given = answering(json({ error: { code: "c", message: "m" } }, 429, { "retry-after": "30", "x-should-retry": "false" }));
  await assert.rejects(client(given).execute("greeting"), { status: 429, code: "c" });
  assert.equal(given.asked.length, 1);
});

test("a server that says to come back later than any try is believed at once", async (t) => {
  t.mock.method(globalThis, "setTimeout", (done, ms) => {
    if (ms !== 125_000) queueMicrotask(done); // the limit of a try
    return 0;
  });
  for (const said of ["9999", "61"]) {
    const given = answering(json({ error: { code: "c", message: "m" } }, 429, { "retry-after": said }), json({ id: "1" }));
    await assert.rejects(client(given, { maxRetries: 2 }).execute("greeting"), { status: 429 });
    assert.equal(given.asked.length, 1);
  }
  const given = answering(json({ error: { code: "c", message: "m" } }, 429, { "retry-after": "60" }), json({ id: "1" }));
  assert.equal((await client(given, { maxRetries: 2 }).execute("greeting")).id, "1");
});

for (const [status, tries] of [[400, 1], [401, 1], [402, 1], [422, 1], [429, 2], [503, 2]]) {
  test(`only what may succeed later is sent again: ${status}`, async () => {
    const error = { error: { code: "c", message: "m", request_id: "r", param: "x" } };
    const given = answering(json(error, status, again), json(error, status, again));
    await assert.rejects(client(given, { maxRetries: 1 }).execute("greeting"), (caught) => {
      assert.deepEqual([caught.status, caught.code, caught.requestId, caught.param], [status, "c", "r", "x"]);
      return caught instanceof ApiError;
    });
    assert.equal(given.asked.length, tries);
  });
}

test("waits grow and heed what the server says", () => {
  assert.equal(waitMsFor(0, "7"), 7_000);
  assert.equal(waitMsFor(0, "9000"), 30_000);
  const inFive = waitMsFor(0, new Date(Date.now() + 5_000).toUTCString());
  assert.ok(inFive > 3_000 && inFive <= 5_000, String(inFive));
  assert.equal(waitMsFor(0, "Wed, 21 Oct 2015 07:28:00 GMT"), 0);
  assert.equal(waitMsFor(0, "Fri, 31 Dec 2199 23:59:59 GMT"), 30_000);
  for (let times = 0; times < 50; times++) {
    assert.ok(waitMsFor(0, null) >= 250 && waitMsFor(0, null) <= 500);
    assert.ok(waitMsFor(5, "soon") >= 4_000 && waitMsFor(5, "soon") <= 8_000);
  }
});

test("a key is needed, unless somebody between adds it", async () => {
  const { BURNISH_API_KEY: known } = process.env;
  delete process.env.BURNISH_API_KEY;
  assert.throws(() => new Burnish(), /BURNISH_API_KEY/);
  const given = answering(json({ id: "1" }));
  await new Burnish({ baseUrl: "/api/burnish", apiKey: null, fetch: given.fetch }).execute("greeting");
  assert.equal(given.asked[0].url, "/api/burnish/v1/executions");
  assert.equal(given.asked[0].headers.authorization, undefined);
  if (known !== undefined) process.env.BURNISH_API_KEY = known;
});

test("an address or a key that can be none is refused at once, and not as a server that is away", () => {
  for (const baseUrl of ["nonsense", "localhost:18000", "127.0.0.1:18000", "ftp://host", "http://"]) assert.throws(() => new Burnish({ baseUrl, apiKey: "k" }), /^TypeError: baseUrl/);
  for (const baseUrl of ["http://host", "HTTPS://host/below/", " http://[::1]:18000 ", "/burnish", ""]) new Burnish({ baseUrl, apiKey: "k" });
  for (const apiKey of ["bk_…", "a b", " "]) assert.throws(() => new Burnish({ baseUrl: "http://host", apiKey }), /^TypeError: apiKey/);
  new Burnish({ baseUrl: "http://host", apiKey: "bk_live_x\n" });
});

test("a stream that nobody could read is not asked for", async () => {
  const given = answering();
  await assert.rejects(client(given).execute("p", {}, { stream: true }), /^TypeError: stream: is another method/);
  assert.throws(() => client(given).stream("p", {}, { stream: false }), /^TypeError: stream: is another method/);
  assert.equal(given.asked.length, 0);
});

test("a caller's own idempotency key is kept, and its signal ends the waiting", async () => {
  const controller = new AbortController();
  const given = answering(json({}, 503, { "retry-after": "20" }));
  const asked = client(given).execute("greeting", {}, { idempotency_key: "mine", signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assert.rejects(asked, (error) => error instanceof AbortError && error instanceof BurnishError && error.name === "AbortError" && error.cause === controller.signal.reason && /enough/.test(error.message));
  assert.equal(given.asked[0].headers["idempotency-key"], "mine");
});

test("whatever a signal is aborted with, the error is the package's own, with that as its cause", async () => {
  const never = { baseUrl: "http://nowhere.example", apiKey: "k", fetch: (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))) };
  for (const reason of [undefined, "word", 7, new DOMException("late", "TimeoutError")]) {
    const controller = new AbortController();
    const asked = new Burnish(never).execute("greeting", {}, { signal: controller.signal });
    const streamed = (async () => {
      for await (const _ of new Burnish(never).stream("greeting", {}, { signal: controller.signal }));
    })();
    controller.abort(reason);
    for (const one of [asked, streamed]) await assert.rejects(one, (error) => error instanceof AbortError && error.cause === controller.signal.reason);
    await assert.rejects(new Burnish(never).execute("greeting", {}, { signal: controller.signal }), AbortError);
  }
});

test("what somebody else answers is no answer", async () => {
  await assert.rejects(client(answering(new Response("<html>Sign in to the hotel's network</html>"))).execute("greeting"), NotReached);
  const moved = answering(new Response(null, { status: 301, headers: { location: "https://elsewhere/" } }));
  await assert.rejects(client(moved).execute("greeting"), ApiError);
  assert.equal(moved.asked[0].redirect, "manual");
});

test("a prompt says since when the server itself could not look", async () => {
  const stale = (status, age) => new Response(null, { status, headers: age === undefined ? {} : { age: String(age) } });
  const given = answering(json(PROMPT, 200, { age: "40", etag: '"3"' }), stale(304, 50), stale(304), json({ error: { code: "rate_limited" } }, 429), json({ error: { code: "forbidden" } }, 403));
  const burnish = client(given, { promptFreshS: 0 });
  const served = [];
  for (let times = 0; times < 4; times++) served.push(await burnish.prompt("p"));
  assert.deepEqual(served.map((one) => one.stale), [true, true, false, true]);
  assert.deepEqual(served.map((one) => Math.round(one.ageS / 10) * 10), [40, 50, 0, 0]);
  assert.deepEqual(served.map((one) => one.source), ["network", "network", "network", "memory"]);
  assert.equal(given.asked[1].headers["if-none-match"], '"3"');
  await assert.rejects(burnish.prompt("p"), /forbidden/);
});

test("whoever asks for a prompt that is being asked for waits for the same answer", async () => {
  const given = answering(json(PROMPT));
  const burnish = client(given);
  const served = await Promise.all(Array.from({ length: 20 }, () => burnish.prompt("p")));
  assert.equal(given.asked.length, 1);
  assert.equal(new Set(served.map((one) => one.version)).size, 1);
});

test("a server that hangs is as good as away, and is not asked for each prompt", { timeout: 120_000 }, async (t) => {
  let asked = 0;
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  // Counted as they are sent: a machine that is busy lets the server see none before the time is over.
  const counted = (url, init) => {
    asked += 1;
    return fetch(url, init);
  };
  const burnish = new Burnish({ baseUrl: `http://127.0.0.1:${server.address().port}`, apiKey: "k", timeoutS: 0.2, fetch: counted });
  for (const slug of ["p", "q", "r"]) assert.equal((await burnish.prompt(slug, { fallback: "Hello." })).source, "code");
  assert.equal(asked, 1);
});

test("a stream that ends before its last event, or falls silent, says what had come", async () => {
  const body = 'event: delta\ndata: {"text": "Hel"}\n\n';
  const headers = { "x-execution-id": "e1" };
  const isSo = (error) => error instanceof StreamBroke && error.text === "Hel" && error.executionId === "e1";
  const read = async (burnish) => {
    for await (const _ of burnish.stream("greeting"));
  };
  await assert.rejects(read(client(answering(new Response(body, { headers })))), isSo);
  const silent = async (_, { signal }) =>
    new Response(new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        signal.addEventListener("abort", () => controller.error(signal.reason));
      },
    }), { headers });
  await assert.rejects(read(client({ fetch: silent }, { timeoutS: 0.1 })), isSo);
});

test("a stream may go on for long, as long as it goes on", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  const write = (event, data) => writer.write(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  const fetching = async (_, { signal }) => {
    signal.addEventListener("abort", () => writer.abort(signal.reason));
    return new Response(readable);
  };
  const pieces = client({ fetch: fetching }, { timeoutS: 10 }).stream("greeting");
  const reading = pieces[Symbol.asyncIterator]();
  for (const text of ["Hel", "lo", "."]) {
    const next = reading.next();
    await write("delta", { text });
    assert.equal((await next).value, text);
    t.mock.timers.tick(9_000);
  }
  const end = reading.next();
  await write("done", { output: "Hello." });
  writer.close();
  assert.equal((await end).done, true);
  assert.equal(pieces.result.output, "Hello.");
});

test("whoever reads slowly is not cut off, and a server that falls silent after that is", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const encoded = (text) => new TextEncoder().encode(`event: delta\ndata: ${JSON.stringify({ text })}\n\n`);
  const parts = [encoded("Hel"), encoded("lo"), encoded(".")];
  const fetching = async (_, { signal }) =>
    new Response(new ReadableStream({
      pull: (controller) => (parts.length > 0 ? controller.enqueue(parts.shift()) : undefined),
      start: (controller) => signal.addEventListener("abort", () => controller.error(signal.reason)),
    }));
  const pieces = client({ fetch: fetching }, { timeoutS: 10 }).stream("greeting");
  const reading = pieces[Symbol.asyncIterator]();
  for (const text of ["Hel", "lo", "."]) {
    assert.equal((await reading.next()).value, text);
    t.mock.timers.tick(60_000);
  }
  const silent = assert.rejects(reading.next(), StreamBroke);
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(10_000);
  await silent;
});

test("results of a batch wait for whoever reads them", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const parts = ['{"n": 1}\n', '{"n": 2}\n', '{"n"', ': 3}'].map((text) => new TextEncoder().encode(text));
  const fetching = async (_, { signal }) =>
    new Response(new ReadableStream({
      pull: (controller) => (parts.length > 0 ? controller.enqueue(parts.shift()) : controller.close()),
      start: (controller) => signal.addEventListener("abort", () => controller.error(signal.reason)),
    }));
  const read = [];
  for await (const { n } of client({ fetch: fetching }, { timeoutS: 10 }).batchResults("b")) {
    read.push(n);
    t.mock.timers.tick(60_000);
  }
  assert.deepEqual(read, [1, 2, 3]);
});

test("a batch that paused itself is waited for no longer, one that a person paused is", { timeout: 120_000 }, async () => {
  const told = (status, pause_reason = null) => json({ id: "b", status, pause_reason });
  for (const reason of ["funds", "budget", "suspended", "refused"]) {
    const given = answering(told("in_progress"), told("pausing", reason), told("paused", reason));
    assert.equal((await client(given).awaitBatch("b", { everyS: 0 })).pause_reason, reason);
  }
  const given = answering(told("paused", "asked"), told("paused", "asked"), told("in_progress"), told("completed"));
  assert.equal((await client(given).awaitBatch("b", { everyS: 0 })).status, "completed");
});

const resultLines = (...lines) => lines.map((line) => `${JSON.stringify({ id: `b:${line}`, line, response: {}, error: null })}\n`).join("");
const brokeOff = (from_line, retryable = true) => `${JSON.stringify({ error: { code: "unavailable", message: "m", retryable, retry_after_s: 0, details: { batch_id: "b", from_line } } })}\n`;
/** An answer of these parts, of which the last may be an error. */
const inParts = (...parts) =>
  new Response(new ReadableStream({
    pull: (controller) => {
      const part = parts.shift();
      if (part instanceof Error) controller.error(part);
      else if (part === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(part));
    },
  }, { highWaterMark: 0 }));

test("results of a batch go on where the server or the connection broke off", async () => {
  const given = answering(inParts(resultLines(0, 1), brokeOff(2)), inParts(resultLines(2), brokeOff(4)), inParts(resultLines(4).slice(0, 9), new TypeError("terminated")), inParts(resultLines(4)));
  const read = [];
  for await (const { line } of client(given).batchResults("b")) read.push(line);
  assert.deepEqual(read, [0, 1, 2, 4]);
  assert.deepEqual(given.asked.map((one) => new URL(one.url).searchParams.get("from_line")), [null, "2", "4", "4"]);
});

test("results of a batch that do not get on are given up, with what was said", async () => {
  const unavailable = (error) => error instanceof ApiError && error.code === "unavailable";
  for (const [answers, tries, expected] of [
    [[inParts(resultLines(5), brokeOff(6)), inParts(brokeOff(6)), inParts(brokeOff(6))], 3, unavailable],
    [[inParts(brokeOff(5, false))], 3, unavailable],
    [[inParts(resultLines(5), new TypeError("terminated")), inParts("<html>")], 2, (error) => error instanceof NotReached && /fromLine 6/.test(error.message)],
  ]) {
    const given = answering(...answers);
    await assert.rejects(async () => {
      for await (const _ of client(given, { maxRetries: tries - 1 }).batchResults("b", { fromLine: 5 }));
    }, expected);
    assert.equal(given.asked.length, answers.length);
    assert.equal(new URL(given.asked[0].url).searchParams.get("from_line"), "5");
  }
});

test("the id of a batch leads to no other path", async () => {
  const given = answering(json({ status: "completed" }), new Response("{}\n"));
  await client(given).awaitBatch("../executions?x=1");
  for await (const _ of client(given).batchResults("a/b#c"));
  assert.deepEqual(given.asked.map((one) => new URL(one.url).pathname), ["/v1/batches/..%2Fexecutions%3Fx%3D1", "/v1/batches/a%2Fb%23c/results"]);
});

test("a list begins where it is told to", async () => {
  const given = answering(json({ data: [1], next_cursor: "c2" }), json({ data: [2], next_cursor: null }));
  const rows = [];
  for await (const row of client(given).list("/v1/prompts", { tag: "x", cursor: "c1" })) rows.push(row);
  assert.deepEqual(rows, [1, 2]);
  assert.deepEqual(given.asked.map((one) => new URL(one.url).search), ["?tag=x&cursor=c1", "?tag=x&cursor=c2"]);
});

test("a query in the path is sent, and joined by the query beside it", async () => {
  const given = answering(json({}), json({}), json({}), json({ data: [1], next_cursor: "c2" }), json({ data: [2], next_cursor: null }));
  const burnish = client(given);
  await burnish.request("DELETE", "/v1/cache?prompt=faq");
  await burnish.request("POST", "/v1/import?dry_run=true&note=", {}, { query: { on_conflict: "skip", left_out: null } });
  await burnish.requestRaw("GET", "/v1/x?tag=a%20b&tag=c&limit=1", undefined, { query: { limit: 2 } });
  const rows = [];
  for await (const row of burnish.list("/v1/prompts?tag=x&cursor=c1")) rows.push(row);
  assert.deepEqual(rows, [1, 2]);
  const sent = given.asked.map((one) => [new URL(one.url).pathname, [...new URL(one.url).searchParams].join(" ")]);
  assert.deepEqual(sent, [
    ["/v1/cache", "prompt,faq"],
    ["/v1/import", "dry_run,true note, on_conflict,skip"],
    ["/v1/x", "tag,a b tag,c limit,2"],
    ["/v1/prompts", "tag,x cursor,c1"],
    ["/v1/prompts", "tag,x cursor,c2"],
  ]);
});

test("a download comes in pieces, and its end is told from a break", async () => {
  const body = (...given) => new ReadableStream({
    pull: (controller) => {
      const piece = given.shift();
      if (piece instanceof Error) controller.error(piece);
      else if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
  const whole = new Response(body("a,b\n", "1,2\n"), { headers: { "content-type": "text/csv" } });
  const given = answering(whole, new Response(body("a,b\n", new TypeError("terminated"))), json({ error: { code: "forbidden", message: "No." } }, 403));
  const burnish = client(given);
  const read = async (response) => {
    const texts = [];
    for await (const piece of response.body) texts.push(new TextDecoder().decode(piece));
    return texts;
  };
  const first = await burnish.download("/v1/executions/export", { query: { format: "csv" } });
  assert.deepEqual([first.headers.get("content-type"), await read(first)], ["text/csv", ["a,b\n", "1,2\n"]]);
  await assert.rejects(read(await burnish.download("/v1/executions/export")), /terminated/);
  await assert.rejects(burnish.download("/v1/executions/export"), (error) => error instanceof ApiError && error.status === 403);
  assert.equal(new URL(given.asked[0].url).search, "?format=csv");
});

test("what is no JSON is sent as it is, and read as it came", async () => {
  const given = answering(json({}, 503, again), json({ id: "f" }), json({ accepted: 1 }), new Response("a,b\n1,2\n", { headers: { "content-type": "text/csv" } }), new Response(null, { status: 204 }));
  const burnish = client(given);
  const form = new FormData();
  form.set("file", new Blob(["{}\n"], { type: "application/jsonl" }), "in.jsonl");
  assert.deepEqual(await burnish.request("POST", "/v1/files", undefined, { content: form }), { id: "f" });
  assert.equal(given.asked[1].body, form);
  assert.equal(given.asked[1].headers["content-type"], undefined, "fetch itself says where the parts are cut");
  const headers = { "Content-Type": "application/x-ndjson" };
  assert.deepEqual(await burnish.request("POST", "/v1/executions/import", undefined, { content: "{}\n", headers }), { accepted: 1 });
  assert.deepEqual([given.asked[2].body, given.asked[2].headers["content-type"]], ["{}\n", "application/x-ndjson"]);
  const csv = await burnish.requestRaw("GET", "/v1/usage", undefined, { query: { format: "csv" } });
  assert.deepEqual([csv.headers.get("content-type"), await csv.text()], ["text/csv", "a,b\n1,2\n"]);
  assert.equal((await burnish.requestRaw("DELETE", "/v1/prompts/p")).status, 204);
  await assert.rejects(burnish.request("POST", "/v1/files", {}, { content: form }), TypeError);
});

test("an error within a stream is a refusal", async () => {
  const body = 'event: error\ndata: {"error": {"code": "provider_error", "message": "m"}, "status": 502}\n\n';
  await assert.rejects(async () => {
    for await (const _ of client(answering(new Response(body))).stream("greeting"));
  }, (error) => error instanceof ApiError && error.code === "provider_error" && error.status === 502);
});

test("the span of the caller goes along", async () => {
  // As @opentelemetry/api 1.x registers its parts: `context` and `propagation` under one symbol.
  const registered = Symbol.for("opentelemetry.js.api.1");
  const span = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const without = answering(json({}), json({}));
  await client(without).execute("greeting");
  assert.equal(without.asked[0].headers.traceparent, undefined);
  globalThis[registered] = { context: { active: () => span }, propagation: { inject: (context, carrier, setter) => setter.set(carrier, "traceparent", context.traceparent) } };
  await client(without).execute("greeting");
  delete globalThis[registered];
  assert.equal(without.asked[1].headers.traceparent, span.traceparent);
});

const { signed } = JSON.parse(process.env.SDK_WEBHOOKS);
for (const { name, body, headers, nowS, secret, isGood } of signed) {
  test(`webhooks signed by the reference library: ${name}`, async () => {
    for (const given of [headers, new Headers(headers)]) {
      const checked = verifyWebhook(body, given, secret, { nowS });
      if (isGood) assert.deepEqual(await checked, JSON.parse(body));
      else await assert.rejects(checked, InvalidWebhook);
    }
    if (isGood) assert.ok(await verifyWebhook(new TextEncoder().encode(body), headers, secret, { nowS }));
  });
}

test("a secret that is none is a mistake of ours", async () => {
  await assert.rejects(verifyWebhook("{}", { "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA" }, "whsec_%", { nowS: 1 }), TypeError);
  await assert.rejects(verifyWebhook("{}", { "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1a,AAAA" }, "whpk_AAAA", { nowS: 1 }), TypeError);
});

const { cases } = JSON.parse(readFileSync(process.env.SDK_CASES, "utf8"));
test("the cases shared with Python are all there", () => assert.ok(cases.length > 190));
for (const one of cases) {
  test(`template: ${one.name}`, () => {
    const run = () => {
      const template = parseMessages(one.messages ?? [{ role: "user", content: one.template }], one.parameters, one.snippets ?? {}, one.slug);
      if (one.error) assert.equal(one.error.at, "render", "it should have been refused when it was saved");
      return render(template, one.variables);
    };
    if (!one.error) return assert.deepEqual(run().messages, one.rendered ?? [{ role: "user", content: one.text }]);
    return assert.throws(run, (error) => {
      assert.ok(error instanceof TemplateError, String(error));
      assert.equal(error.code, one.error.code);
      if (one.error.missing) assert.deepEqual(error.at.missing, one.error.missing);
      return true;
    });
  });
}
