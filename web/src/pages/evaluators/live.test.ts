import { expect, test } from "vitest";
import { type Live, bodyOf, draftOf, takes, unscored, wrongIn } from "./live";

const live: Live = {
  id: "x", evaluator_id: "e", evaluator: "helpful", kind: "llm_judge", prompts: ["a"], labels: ["production"], filters: {}, sample: 0.125, active: true, waiting: 0, created_by: "", created_at: "", updated_at: "", archived_at: null,
  cap: { limit_nusd: 2_500_000_000, period: "month", spent_nusd: 0, held_nusd: 0, left_nusd: 0, resets_at: "" }, object: "live_evaluation",
}; // prettier-ignore

test("a live evaluation goes through its form unharmed", () => {
  expect(bodyOf(draftOf(live), true)).toEqual({ prompts: ["a"], labels: ["production"], filters: {}, sample: 0.125, cap: { limit_nusd: 2_500_000_000, period: "month" } });
  expect(bodyOf(draftOf({ ...live, cap: null }), false)).toEqual({ prompts: ["a"], labels: ["production"], filters: {}, sample: 0.125 });
});

test("a cap is needed where models are asked, and a share everywhere", () => {
  expect(wrongIn({ ...draftOf(live), cap: "" }, true)).toHaveProperty("cap");
  expect(wrongIn({ ...draftOf(live), cap: "" }, false)).toEqual({});
  expect(wrongIn({ ...draftOf(live), share: "0" }, true)).toHaveProperty("share");
  expect(wrongIn(draftOf(null), false)).toHaveProperty("evaluator");
});

test("what it takes is one phrase", () => {
  expect(takes({ ...live, filters: { model: "m" } })).toBe("12.5\u00a0% of a under production, by m");
  expect([takes(live), takes({ sample: 1, prompts: [], labels: [] })]).toEqual(["12.5\u00a0% of a under production", "100\u00a0% of all calls"]);
});

test("what waits is counted in words", () => {
  expect([0, 1, 3].map(unscored)).toEqual(["", ", and 1 answer that waits is not scored", ", and 3 answers that wait are not scored"]);
});
