import { expect, it } from "vitest";
import { parseMessages } from "@/lib/template";
import { type Draft, answerOf, bodyOf, costOf, kindOf, linesOfItems, missingIn, mostOf, rowsLeftOut, shownBody, statusWord, suggestedName, versionsOf, waitWords } from "./model";

const DRAFT: Draft = { file: "f", kind: "inputs", prompt: "", versions: "", models: [], name: " ", ceiling: "", day: false, paused: false };

it("tells inputs from whole requests, and from those in OpenAI's format", () => {
  expect(kindOf('{"variables": {"name": "Ada"}}')).toBe("inputs");
  expect(kindOf('\ufeff{"custom_id": "a", "body": {"prompt": "greeting"}}')).toBe("requests");
  expect(kindOf('{"url": "/v1/chat/completions", "body": {}}')).toBe("chat");
  expect(["/v1/responses", "/v1/embeddings", "/v1/messages", "/v1/executions", "/v1/audio", undefined].map((url) => kindOf(JSON.stringify({ url, body: {} })))).toEqual([
    "responses", "embeddings", "messages", "requests", "requests", "requests",
  ]);
  expect(() => kindOf("name,ticket")).toThrow(/no JSON/);
  expect(() => kindOf("[1]")).toThrow(/no JSON object/);
});

it("is no body until it says what is asked", () => {
  expect(bodyOf(DRAFT)).toBeNull();
  expect(bodyOf({ ...DRAFT, prompt: "greeting" })).toEqual({ input_file_id: "f", request: { prompt: "greeting" } });
  expect(bodyOf({ ...DRAFT, models: ["a", "b"], versions: "1, 2" })).toEqual({ input_file_id: "f", request: {}, models: ["a", "b"] });
  expect(bodyOf({ ...DRAFT, prompt: "greeting", versions: "1 2", name: "x", ceiling: "0.5", day: true, paused: true })).toEqual({
    input_file_id: "f",
    request: { prompt: "greeting" },
    versions: [1, 2],
    name: "x",
    max_cost_nusd: 500_000_000,
    completion_window: "24h",
    paused: true,
  });
  expect(bodyOf({ ...DRAFT, kind: "chat" })).toEqual({ input_file_id: "f", endpoint: "/v1/chat/completions" });
  expect(bodyOf({ ...DRAFT, kind: "embeddings" })).toEqual({ input_file_id: "f", endpoint: "/v1/embeddings" });
  expect(bodyOf({ ...DRAFT, kind: "requests", ceiling: "-1" })).toBeNull();
  expect(versionsOf("1, x")).toBeNull();
});

it("finds the answer and its cost in each format", () => {
  const of = (body: Record<string, unknown>) => ({ response: { status_code: 200, request_id: "r", body } });
  const usage = { cost_nusd: 7 };
  const called = { type: "function_call", name: "look" };
  const said = { type: "message", content: [{ type: "output_text", text: "Hi" }] };
  const lines = [
    of({ output: "Hello", cost_nusd: 12, usage: { input_tokens: 1 } }),
    of({ object: "chat.completion", choices: [{ message: { content: "Hi" } }], usage }),
    of({ object: "response", output: [{ type: "reasoning", content: [{ text: "hm" }] }, said], usage }),
    of({ object: "response", output: [called], usage }),
    of({ object: "list", data: [{ embedding: [1, 2, 3] }, { embedding: [4, 5, 6] }], usage }),
    of({ type: "message", content: [{ type: "thinking", thinking: "hm" }, { type: "text", text: "Good " }, { type: "text", text: "day" }], usage }),
    of({ type: "message", content: [{ type: "tool_use", name: "look" }], usage }),
    { response: null },
  ];
  expect(lines.map(answerOf)).toEqual(["Hello", "Hi", "Hi", JSON.stringify([called]), "2 vectors of 3 numbers", "Good day", JSON.stringify([{ type: "tool_use", name: "look" }]), ""]);
  expect(lines.map(costOf)).toEqual([12, 7, 7, 7, 7, 7, 7, null]);
});

it("shows of a vector its beginning, and all of anything else", () => {
  const vectors = { object: "list", data: [{ index: 0, embedding: [1, 2, 3, 4, 5, 6] }, { index: 1, embedding: [1] }], usage: { cost_nusd: 7 } };
  expect(shownBody(vectors)).toEqual({ ...vectors, data: [{ index: 0, embedding: [1, 2, 3, 4, "… 2 more"] }, { index: 1, embedding: [1] }] });
  const chat = { object: "chat.completion", choices: [] };
  expect(shownBody(chat)).toBe(chat);
});

it("makes lines of the rows of a dataset", () => {
  const one = parseMessages([{ role: "user", content: "Sort {{ticket}}" }]);
  expect(linesOfItems([{ id: "a", input: "lost" }, { id: "b", input: { ticket: "late" } }], one).trim().split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([
    { custom_id: "a", variables: { ticket: "lost" } },
    { custom_id: "b", variables: { ticket: "late" } },
  ]);
  const two = parseMessages([{ role: "user", content: "{{a}} and {{b}}" }]);
  expect(() => linesOfItems([{ id: "a", input: "lost" }], two)).toThrow(/a, b/);
  const none = parseMessages([{ role: "system", content: "Sort." }]);
  expect(JSON.parse(linesOfItems([{ id: "a", input: "lost" }], none))).toEqual({ custom_id: "a", messages: [{ role: "user", content: "lost" }] });
});

it("says what a status means", () => {
  expect(["validating", "in_progress", "paused"].map(statusWord)).toEqual(["waiting to begin", "running", "paused"]);
});

it("says what to do next", () => {
  const none = { ...DRAFT, file: "" };
  expect([missingIn(none, "dataset", ""), missingIn(none, "dataset", "d"), missingIn({ ...none, prompt: "p" }, "dataset", ""), missingIn({ ...none, prompt: "p" }, "dataset", "d")]).toEqual([
    "Choose a prompt and a dataset first.",
    "Choose a prompt first.",
    "Choose a dataset first.",
    "Press “Take these rows”.",
  ]);
  expect(missingIn({ ...none, prompt: "p" }, "file", "d")).toBe("Choose a file first.");
});

it("suggests a name, and leaves one that somebody typed", () => {
  expect([suggestedName(" ", "", "Tickets"), suggestedName("Tickets", "Tickets", "Tickets, test"), suggestedName("Mine", "Tickets", "Tickets, test")]).toEqual(["Tickets", "Tickets, test", "Mine"]);
});

it("tells that a dataset has more rows than a batch takes", () => {
  const counts = { train: 9_000, validation: 2_000, test: 1_311 };
  expect(rowsLeftOut(10_000, counts, "")).toBe("10,000 of 12,311 rows are taken: one batch takes no more. The others need another one.");
  expect(rowsLeftOut(10_000, { ...counts, train: 20_000 }, "train")).toMatch(/^10,000 of 20,000 rows/);
  expect(rowsLeftOut(10_000, undefined, "")).toBe("The first 10,000 rows are taken: one batch takes no more, and there are others.");
});

it("costs no more than what was set aside, nor than all of its calls", () => {
  expect([mostOf({ most_nusd: 9, set_aside_nusd: 5 }), mostOf({ most_nusd: 9, set_aside_nusd: 20 })]).toEqual([5, 9]);
});

it("says what calls wait for at a provider, and who has to do something about it", () => {
  expect(waitWords({ reason: "provider_limit", model: "acme/large", until: 0 })).toMatch(/acme\/large lets no more calls through now.*by themselves/);
  expect(waitWords({ reason: "provider_account", model: "acme/large", until: 0 })).toMatch(/acme\/large has no money left\. Put some in/);
});
