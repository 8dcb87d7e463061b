import { expect, it } from "vitest";
import { parseMessages } from "@/lib/template";
import { type Draft, answerOf, bodyOf, costOf, kindOf, linesOfItems, statusWord, versionsOf } from "./model";

const DRAFT: Draft = { file: "f", kind: "inputs", prompt: "", versions: "", models: [], name: " ", ceiling: "", day: false, paused: false };

it("tells inputs from whole requests, and from those in OpenAI's format", () => {
  expect(kindOf('{"variables": {"name": "Ada"}}')).toBe("inputs");
  expect(kindOf('\ufeff{"custom_id": "a", "body": {"prompt": "greeting"}}')).toBe("requests");
  expect(kindOf('{"url": "/v1/chat/completions", "body": {}}')).toBe("chat");
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
  expect(bodyOf({ ...DRAFT, kind: "requests", ceiling: "-1" })).toBeNull();
  expect(versionsOf("1, x")).toBeNull();
});

it("finds the answer and its cost in both formats", () => {
  const ours = { response: { status_code: 200, request_id: "r", body: { output: "Hello", cost_nusd: 12 } } };
  const theirs = { response: { status_code: 200, request_id: "r", body: { choices: [{ message: { content: "Hi" } }], burnish: { cost_nusd: 7 } } } };
  expect([ours, theirs, { response: null }].map(answerOf)).toEqual(["Hello", "Hi", ""]);
  expect([ours, theirs, { response: null }].map(costOf)).toEqual([12, 7, null]);
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
