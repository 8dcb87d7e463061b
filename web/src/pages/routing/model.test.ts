import { expect, it } from "vitest";
import { type Rule, type Told, explained, pairsOf, requirementWords, usesWords } from "./model";

const TOLD: Told = { model: "small", prompt: "desk", version: 2, label: "production", falls_back_to: ["big", "huge"], routing: null, rules: [] };

it("says who would answer and why", () => {
  expect(explained(TOLD)).toEqual(["Version 2 of desk, by its label production, answers with small.", "There are no rules; it is the model of the version or of the call.", "Should it fail: big, then huge."]);
  const ruled = { ...TOLD, prompt: null, falls_back_to: [], routing: { rule: "gold", prompt: null, auto: true, considered: 4 }, rules: [{ name: "gold", prompt: null, holds: true, because: null }] };
  expect(explained(ruled)).toEqual(["small answers.", "The rule “gold” of the workspace chose it: the cheapest of 4 models that could.", "Should it fail, nobody else is asked."]);
  expect(explained({ model: null, because: "None qualifies.", rules: [] })).toEqual(["None qualifies."]);
});

it("says what a rule uses and what is required", () => {
  expect([{ model: "auto" }, { model: "big" }, { version: 3 }, { label: "staging" }].map((use) => usesWords(use as unknown as Rule["use"]))).toEqual(["the cheapest model that meets the requirements answers", "big answers", "version 3 answers", "the version of label staging answers"]);
  expect(requirementWords({})).toEqual([]);
  expect(requirementWords({ capabilities: ["tools"], min_quality: 0.7, max_cost_nusd: 5_000_000 })).toEqual(["can tools", "has a quality of at least 0.7", "costs at most $0.005 a call"]);
});

it("reads metadata", () => {
  expect(pairsOf("country=DE\n\nplan = gold=1")).toEqual({ country: "DE", plan: "gold=1" });
  expect(pairsOf("=x")).toBeNull();
});
