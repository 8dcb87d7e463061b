import { expect, it } from "vitest";
import { type Edit, curveOf, paired, ranked, statusNow, whyEnded } from "./model";

it("does not wait to begin beside evaluations that are done", () => {
  expect([statusNow("pending", 0), statusNow("pending", 212), statusNow("completed", 9)]).toEqual(["pending", "running", "completed"]);
});

it("draws the curve from nothing, and spending up to now", () => {
  const progress = { evaluations: 300, spent_nusd: 90, best: 0.2, budget_evaluations: 800, curve: [{ evaluations: 200, spent_nusd: 60, best: 0.1 }] };
  expect(curveOf(progress)).toEqual({
    best: [{ x: 0, value: 0 }, { x: 200, value: 0.1 }, { x: 300, value: 0.2 }],
    spent: [{ x: 0, value: 0 }, { x: 200, value: 60 }, { x: 300, value: 90 }],
  });
  expect(curveOf({ ...progress, curve: undefined }).best).toEqual([]);
});

it("says why a search ended, also by a word that it does not know", () => {
  expect(whyEnded({ outcome: "improved", finish_reason: "proven_on_test" })).toContain("proven");
  expect(whyEnded({ outcome: null, finish_reason: "sun_went_down" })).toBe("It ended: sun went down.");
  expect(whyEnded({ outcome: null, finish_reason: null })).toBeNull();
});

it("puts chosen edits first and rejected ones last", () => {
  const edit = (text: string, state: Edit["state"], effect?: number): Edit => ({ section: "rules", operation: "add", text, rationale: "", state, effect });
  const found = ranked([edit("r", "rejected"), edit("a", "alive", 0.3), edit("c", "chosen", 0.01), edit("d", "chosen", 0.2)]);
  expect(found.map((one) => one.text)).toEqual(["d", "c", "a", "r"]);
});

it("pairs messages by their places", () => {
  expect(paired([{ role: "system", content: "a" }], [{ role: "system", content: "b" }, { role: "user", content: ["x"] }])).toEqual([
    { role: "system", before: "a", after: "b" },
    { role: "user", before: "", after: '[\n  "x"\n]' },
  ]);
});
