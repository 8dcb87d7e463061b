import { expect, test } from "vitest";
import { type Agreement, KINDS, type Kind, agreementWords, asksModels, draftOf, kappaWords, settingsOf, settingsText, withKind, wrongIn } from "./evaluator";

const ALL: Record<Kind, Record<string, unknown>> = {
  exact: { ignore_case: true, ignore_space: false },
  contains: { phrases: ["a", "b c"], match: "none", ignore_case: false },
  regex: { pattern: "^a", whole: true, ignore_case: true, expect: "no_match" },
  json_schema: { schema: { type: "object" } },
  numeric: { absolute: 0.5, relative: 0.05 },
  similarity: { method: "words", threshold: 0.65, ignore_case: false },
  expression: { expression: "len(output) < 9" },
  code: { language: "python", code: "True" },
  toxicity: { words: ["darn"], allow: ["hell"], passes_from: 0.6, judge: "simulated/judge" },
  llm_judge: { model: "simulated/judge", rubric: "be kind", sees: ["input"], max_tokens: 300, scale: { lowest: 0, highest: 10 }, passes_from: 0.7 },
  jury: { models: ["a/b", "c/d"], rubric: "be kind", sees: ["input", "expected"], max_tokens: 500, scale: { lowest: 1, highest: 5 }, passes_from: 0.5, decide: "majority", uncertain_from: 0.4 },
  pairwise: { model: "simulated/judge", rubric: "be kind", sees: [], max_tokens: 500 },
};

test("every kind of the API has its words, and goes through the form unharmed", () => {
  expect(KINDS.map((one) => one.kind).sort()).toEqual(Object.keys(ALL).sort());
  for (const [kind, settings] of Object.entries(ALL)) {
    const draft = draftOf({ name: "n", kind, settings: { kind, ...settings } });
    expect(settingsOf(draft)).toEqual({ kind, ...settings });
    expect(wrongIn(draft), kind).toEqual({});
  }
});

test("what is missing is said at its field", () => {
  expect(Object.keys(wrongIn(draftOf(null))).sort()).toEqual(["model", "rubric"]);
  expect(wrongIn({ ...draftOf(null), kind: "json_schema", schema: "[1]" })).toHaveProperty("schema");
  expect(wrongIn({ ...draftOf(null), kind: "jury", models: ["a"] })).toHaveProperty("models");
  expect(wrongIn({ ...draftOf(null), kind: "similarity", threshold: "101" })).toHaveProperty("threshold");
});

test("another kind begins with what is usual for it", () => {
  expect(withKind(draftOf(null), "toxicity")).toMatchObject({ passesFrom: "70", ignoreCase: false });
  expect(withKind(draftOf(null), "contains").ignoreCase).toBe(true);
});

test("looking costs money where a model is asked", () => {
  expect(["llm_judge", "regex", "toxicity"].map((kind) => asksModels({ kind, settings: {} }))).toEqual([true, false, false]);
  expect(asksModels({ kind: "toxicity", settings: { judge: "a/b" } })).toBe(true);
});

test("settings are laid out a line each, long texts last", () => {
  expect(settingsText({ kind: "llm_judge", rubric: "be kind\nbe short", passes_from: 0.5, sees: ["input"] })).toBe('passes_from: 0.5\nsees: ["input"]\nrubric:\nbe kind\nbe short');
});

const agreement = (part: Partial<Agreement>): Agreement => ({
  evaluator_id: "", evaluator_version: 1, prompt: null, before: null, n: 100, agreement: { value: 0.9, low: 0.8, high: 0.95 }, kappa: { value: 0.75, low: 0.6, high: 0.9 },
  confusion: { passed_good: 60, passed_bad: 8, failed_good: 2, failed_bad: 30 }, split: 0, scores_looked_at: 200, few: false, simulated: false, ...part,
}); // prettier-ignore

test("agreement is one sentence with its figures", () => {
  expect(agreementWords(agreement({}))).toBe("Of 100 answers that both looked at, it said what people said of 90.0\u00a0%. That is substantial agreement beyond chance (κ 0.75). Where they differ, it is the more lenient.");
  expect(agreementWords(agreement({ n: 0, agreement: null, kappa: null }))).toContain("Nobody can say yet");
  expect(agreementWords(agreement({ n: 1, kappa: null, few: true }))).toContain("a guess");
  expect([-0.1, 0, 0.1, 0.3, 0.5, 0.7, 0.9].map((kappa) => kappaWords(kappa).replace(" agreement beyond chance", ""))).toEqual(["less than chance gives", "no more than chance gives", "slight", "fair", "moderate", "substantial", "almost perfect"]);
});
