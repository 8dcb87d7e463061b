import { expect, test } from "vitest";
import { emptyPast, pastWords, scoringOf, whatOf, wrongInPast } from "./past";

test("a form becomes what is asked for", () => {
  const draft = { ...emptyPast("e"), prompts: ["a"], reaction: "down", newest: "20", limit: "0.5" };
  expect(whatOf(draft, "e")).toEqual({ evaluator_id: "e", prompts: ["a"], labels: [], filters: { reaction: "down" }, newest: 20 });
  expect(scoringOf(draft, "e", true)).toMatchObject({ limit_nusd: 500_000_000 });
  expect(scoringOf(draft, "e", false)).not.toHaveProperty("limit_nusd");
  expect(whatOf({ ...draft, since: "2026-11-01", until: "2026-11-02" }, "e")).toHaveProperty("to");
});

test("what is missing is said by its field", () => {
  expect(wrongInPast(emptyPast(null), false)).toHaveProperty("evaluator");
  expect(wrongInPast({ ...emptyPast("e"), newest: "0" }, false)).toHaveProperty("newest");
  expect(wrongInPast({ ...emptyPast("e"), limit: "" }, true)).toHaveProperty("limit");
  expect(wrongInPast({ ...emptyPast("e"), limit: "" }, false)).toEqual({});
});

test("what it scores is one phrase", () => {
  expect(pastWords({ prompts: ["a"], labels: ["production"], filters: { reaction: "down" }, newest: 1000 })).toBe("the newest 1,000 of a under production, with a thumb down");
});
