// Against real services: tests/sdk/test_typescript.py starts them, installs the package beside this file and runs it.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, Burnish, NotReached, TemplateError, TimedOut } from "@burnish/client";
import { diskStore } from "@burnish/client/node";

const PROMPT = process.env.SDK_PROMPT;
const SLOW = process.env.SDK_SLOW;
const AWAY = "http://127.0.0.1:9";
const GIVEN = { name: "Ada", formal: true };
const CHAT = [
  { role: "user", content: "Where is my parcel?" },
  { role: "assistant", content: "On its way." },
];
const burnish = new Burnish();

/** Looks until there is something to see, for 100 s and more. */
async function eventually(look) {
  for (let tries = 0; tries < 2_000; tries++) {
    const value = await look();
    if (value) return value;
    await sleep(50);
  }
  throw new Error("waited in vain");
}

test("a prompt runs and takes feedback", async () => {
  const answer = await burnish.execute(PROMPT, GIVEN, { user_id: "ts-user", metadata: { from: "sdk" } });
  assert.equal(answer.status, "success");
  assert.ok(answer.output && answer.version === 1 && answer.simulated);
  const id = await burnish.feedback(answer.id, { thumb: "up", comment: "well said", user_id: "ts-user" });
  await eventually(async () => JSON.stringify(await burnish.request("GET", `/v1/executions/${answer.id}`)).includes(id));
});

test("budgets are made, found, changed and closed", async () => {
  const made = await burnish.createBudget({ target_kind: "end_user", target_id: "ts-nobody", limit_nusd: 5, period: "day", hard: false, warn_percent: null });
  assert.deepEqual([made.limit_nusd, made.hard, made.warn_percent], [5, false, null]);
  const found = [];
  for await (const one of burnish.budgets({ end_user: "ts-nobody" })) found.push(one.id);
  assert.deepEqual(found, [made.id]);
  assert.equal((await burnish.changeBudget(made.id, { limit_nusd: 6, name: "named" })).name, "named");
  assert.equal(await burnish.closeBudget(made.id), undefined);
  assert.ok((await burnish.budget(made.id)).closed_at);
  await assert.rejects(burnish.budget("0".repeat(8)), ApiError);
});

test("messages run without a prompt", async () => {
  const answer = await burnish.execute({ messages: [{ role: "user", content: "Hello." }], model: "simulated/chat" });
  assert.equal(answer.status, "success");
});

test("a refusal names the field and is not repeated", async () => {
  await assert.rejects(burnish.execute(PROMPT, {}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.code, error.retryable], [422, "missing_variables", false]);
    assert.ok(error.message.includes("name") && error.requestId);
    return true;
  });
});

test("a stream comes in pieces and ends with the whole", async () => {
  const pieces = burnish.stream(PROMPT, GIVEN);
  let text = "";
  for await (const piece of pieces) text += piece;
  assert.equal(text, pieces.result.output);
  assert.equal(text, pieces.text);
  assert.equal(pieces.executionId, pieces.result.id);
  await assert.rejects(async () => {
    for await (const _ of pieces);
  }, /read once/);
});

for (const way of ["break", "cancel", "signal"]) {
  test(`leaving a stream ends the call: ${way}`, async () => {
    const controller = new AbortController();
    const pieces = burnish.stream({ messages: [{ role: "user", content: "Write 300 words." }], model: SLOW, signal: controller.signal });
    const reading = (async () => {
      for await (const _ of pieces) {
        if (way === "break") break;
        if (way === "cancel") pieces.cancel();
        else controller.abort(new Error("enough"));
      }
    })();
    if (way === "signal") await assert.rejects(reading, /enough/);
    else await reading;
    assert.equal(pieces.result, null);
    const record = await eventually(async () => {
      const one = await burnish.request("GET", `/v1/executions/${pieces.executionId}`).catch((error) => assert.equal(error.status, 404));
      return one && one.status !== "running" ? one : null;
    });
    assert.equal(record.status, "cancelled");
  });
}

test("what is rendered here is what the server renders", async () => {
  const own = new Burnish();
  const known = await own.prompt(PROMPT);
  assert.deepEqual([known.source, known.stale, known.version], ["network", false, 1]);
  assert.deepEqual([known.settings(), known.config], [{ max_tokens: 50 }, { voice: "warm" }]);
  for (const variables of [GIVEN, { name: "{{name}}" }, { name: "x", tone: "brief" }]) {
    const { messages } = await own.request("POST", `/v1/prompts/${PROMPT}/render`, { variables });
    assert.deepEqual(known.render(variables), messages);
  }
  assert.throws(() => known.render({}), (error) => error instanceof TemplateError && error.at.missing.includes("name"));
  assert.equal((await own.prompt(PROMPT)).source, "memory");
});

test("a changed prompt is seen, and one that is gone is not served from an old copy", async () => {
  const folder = mkdtempSync(join(tmpdir(), "prompts-"));
  const own = new Burnish({ promptFreshS: 0, store: diskStore(folder) });
  const slug = "ts-changes";
  await own.request("POST", "/v1/prompts", { slug, messages: [{ role: "user", content: "one" }], model: "simulated/chat", label: "beta" });
  assert.equal((await own.prompt(slug, { label: "beta" })).messages[0].content, "one");
  assert.equal((await own.prompt(slug, { label: "beta" })).source, "network");
  await own.request("POST", `/v1/prompts/${slug}/versions`, { base_version: 1, messages: [{ role: "user", content: "two" }] });
  await own.request("PUT", `/v1/prompts/${slug}/labels/beta`, { version: 2 });
  await eventually(async () => (await own.prompt(slug, { label: "beta" })).messages[0].content === "two");
  assert.equal(readdirSync(folder).length, 1);
  await own.request("DELETE", `/v1/prompts/${slug}/labels/beta`);
  await eventually(async () => {
    const error = await own.prompt(slug, { label: "beta", fallback: "not for this: the server answered" }).then(() => null, (caught) => caught);
    return error instanceof ApiError && error.status === 404;
  });
  assert.deepEqual(readdirSync(folder), []);
});

test("while Burnish is away prompts come from memory, then the disk, then the code", async () => {
  const folder = mkdtempSync(join(tmpdir(), "prompts-"));
  let isAway = false;
  const fetching = (url, init) => fetch(isAway ? String(url).replace(burnish.settings.baseUrl, AWAY) : url, init);
  const own = new Burnish({ promptFreshS: 0, store: diskStore(folder), fetch: fetching });
  const wanted = (await own.prompt(PROMPT)).render(GIVEN);
  isAway = true;
  const kept = await own.prompt(PROMPT);
  assert.deepEqual([kept.source, kept.stale], ["memory", true]);
  assert.deepEqual(kept.render(GIVEN), wanted);

  const later = new Burnish({ store: diskStore(folder), fetch: fetching });
  const stored = await later.prompt(PROMPT);
  assert.deepEqual([stored.source, stored.stale], ["disk", true]);
  assert.deepEqual(stored.render(GIVEN), wanted);
  assert.ok(readdirSync(folder).every((name) => (statSync(join(folder, name)).mode & 0o077) === 0));

  const stranger = new Burnish({ baseUrl: AWAY, apiKey: "another", maxRetries: 0, store: diskStore(folder) });
  await assert.rejects(stranger.prompt(PROMPT), NotReached);
  const written = await stranger.prompt(PROMPT, { fallback: "Greet {{name}}." });
  assert.deepEqual([written.source, written.stale, written.version], ["code", true, null]);
  assert.deepEqual(written.render({ name: "Ada" }), [{ role: "user", content: "Greet Ada." }]);
});

test("a batch tells its progress and its results in order", async () => {
  const batch = await burnish.startBatch(["Ada", "Grace", "Edsger"].map((name) => ({ name })), { prompt: PROMPT, name: "greetings" });
  const seen = [];
  const ended = await burnish.awaitBatch(batch.id, { progress: (one) => seen.push(one.status), everyS: 0.2, limitS: 60 });
  assert.deepEqual([ended.status, seen.at(-1)], ["completed", "completed"]);
  const results = [];
  for await (const line of burnish.batchResults(batch.id)) results.push(line);
  assert.equal(results.length, 3);
  assert.deepEqual(results.map((one) => one.line), results.map((one) => one.line).toSorted());
  assert.ok(results.every((one) => one.response.body.status === "success"));
});

test("chats and documents become structured results", async () => {
  const chat = await burnish.analyzeChat(CHAT, { external_id: "ts-chat", user_id: "ada", metadata: { shop: "north" } });
  assert.deepEqual([chat.processing_status, chat.source_type], ["completed", "conversation"]);
  assert.ok(chat.result);
  assert.equal((await burnish.enrich("conversation", null, { id: "ts-chat" })).id, chat.id);
  const document = await burnish.extractDocument("Parcels are delivered within three days.");
  assert.deepEqual([document.processing_status, document.source_type], ["completed", "document"]);
  assert.ok(["pending", "processing", "completed"].includes((await burnish.analyzeChat("Thank you!", { limitS: 0 })).processing_status));
});

test("many chats come back in their order", async () => {
  const seen = [];
  const rows = await burnish.batchAnalyzeChats([CHAT, "Thank you!", { messages: CHAT, external_id: "ts-third" }], { progress: (one) => seen.push(one), everyS: 0.2, limitS: 60 });
  assert.deepEqual(rows.map((row) => row.external_id), [null, null, "ts-third"]);
  assert.ok(rows.every((row) => row.processing_status === "completed" && row.result));
  assert.deepEqual(seen.at(-1), { total: 3, pending: 0, processing: 0, completed: 3, failed: 0, cancelled: 0 });
});

test("what is not done in time goes on", async () => {
  const batch = await burnish.startBatch([{ name: "Ada" }], { prompt: PROMPT });
  const other = new Burnish({ fetch: async (url, init) => (init.method === "GET" ? Response.json({ ...batch, status: "in_progress" }) : fetch(url, init)) });
  await assert.rejects(other.awaitBatch(batch.id, { everyS: 0.01, limitS: 0.05 }), (error) => error instanceof TimedOut && error.id === batch.id);
  assert.equal((await burnish.awaitBatch(batch.id, { everyS: 0.2, limitS: 60 })).status, "completed");
});

test("lists go on to the last page", async () => {
  const slugs = [];
  for await (const row of burnish.list("/v1/prompts", { limit: 1, q: "sdk" })) slugs.push(row.slug);
  assert.ok(slugs.includes("sdk-greeting") && slugs.includes("sdk-tone"));
  assert.equal(new Set(slugs).size, slugs.length);
});
