import { expect, it } from "vitest";
import { EMPTY, choicesOf, inWords, orderOf } from "./filters";

it("asks for no order where the API's own is meant, so that words bring what fits best", () => {
  expect(orderOf(null, "refund")).toMatchObject({ asked: null, shown: "relevance" });
  expect(orderOf(null, "")).toMatchObject({ asked: null, shown: "created" });
  expect(orderOf("relevance", "")).toMatchObject({ asked: null, shown: "created" });
  expect(orderOf("created", "refund")).toMatchObject({ asked: "created", shown: "created" });
  expect(orderOf("cost", "")).toMatchObject({ asked: "cost", shown: "cost" });
});

it("offers the best match where there are words to match", () => {
  const of = (q: string) => orderOf(null, q).orders.map((one) => one.value);
  expect(of("refund")[0]).toBe("relevance");
  expect(of("")).not.toContain("relevance");
});

it("offers what prompts have, most used first, and what the address names besides", () => {
  const found = { labels: [{ value: "beta", prompts: 1 }], tags: [{ value: "red", prompts: 2 }, { value: "blue", prompts: 1 }], categories: [], app_contexts: [], use_cases: [], models: [], authors: [] };
  const choices = choicesOf(found, { ...EMPTY, tag: "gone", model: "m" });
  expect(choices.tag).toEqual([{ value: "red", label: "red", hint: "2 prompts" }, { value: "blue", label: "blue", hint: "1 prompt" }, { value: "gone", label: "gone", hint: undefined }]);
  expect(choices.label.map((one) => one.value)).toEqual(["beta", "production", "staging"]);
  expect(choicesOf(undefined, { ...EMPTY, model: "m" }).model.map((one) => one.value)).toEqual(["m"]);
});

it("says which filters nothing passes", () => {
  expect(inWords({ ...EMPTY, q: "a", use_case: "b" })).toEqual(["these words", "this use case"]);
});
