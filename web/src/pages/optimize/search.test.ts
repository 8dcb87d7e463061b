import { expect, it } from "vitest";
import { PLAIN, budgetOf, listOf, newMetric, searchOf, whyNot } from "./search";

it("asks for a plain search by its method alone", () => {
  expect(searchOf(PLAIN)).toEqual({ method: "racing" });
  expect(searchOf({ ...PLAIN, method: "evolutionary", population: "12", selection: "pareto" })).toEqual({ method: "evolutionary", evolutionary: { population: 12, generations: 50, selection: "pareto" } });
});

it("says of each method what it needs", () => {
  expect(searchOf({ ...PLAIN, method: "settings", temperatures: "0, 0.5 0.5", models: ["simulated/chat"] })).toMatchObject({ settings: { space: { temperature: [0, 0.5], model: ["simulated/chat"] } } });
  expect(searchOf({ ...PLAIN, method: "manual", texts: ["One", " ", "Two"] })).toMatchObject({ manual: { candidates: ["One", "Two"] } });
  expect(searchOf({ ...PLAIN, method: "compression", margin: "2.5" })).toMatchObject({ compression: { margin: 0.025 } });
  expect([whyNot(PLAIN), whyNot({ ...PLAIN, method: "manual" }), whyNot({ ...PLAIN, method: "settings" }), whyNot({ ...PLAIN, method: "settings", temperatures: "warm" })].map(Boolean)).toEqual([false, true, true, true]);
  expect(listOf("1;2 x")).toBeNull();
});

it("takes costs in dollars, and bounds by what is better", () => {
  const rows = [{ ...newMetric("accuracy"), weight: "3", bound: "0.5" }, { ...newMetric("cost"), weight: "1", zeroAt: "0.0002", bound: "0.001" }];
  expect(searchOf({ ...PLAIN, metrics: rows, changedLines: "3", seed: "7" })).toEqual({
    method: "racing",
    metrics: [{ metric: "accuracy", weight: 3, at_least: 0.5 }, { metric: "cost", weight: 1, at_most: 1_000_000, zero_at: 200_000 }],
    constraints: { changed_lines_most: 3 },
    seed: 7,
  });
});

it("waits until it is said at what a metric that counts and grows scores nothing", () => {
  const told = (row: object) => whyNot({ ...PLAIN, metrics: [{ ...newMetric("cost"), ...row }] });
  expect([{}, { weight: "1" }, { weight: "1", bound: "0.01" }, { zeroAt: "0" }].map(told)).toEqual(Array(4).fill(expect.stringContaining("scores 0")));
  expect([{ zeroAt: "0.001" }, { weight: "1", zeroAt: "0.001" }, { bound: "0.01" }].map(told)).toEqual([null, null, null]);
});

it("tries the prompt in a chain once the step is known", () => {
  expect(whyNot({ ...PLAIN, chain: "support" })).toContain("step");
  expect(searchOf({ ...PLAIN, chain: "support", step: "triage" })).toEqual({ method: "racing", chain: { slug: "support", step: "triage" } });
});

it("waits for a judge and for an evaluator where a metric needs one", () => {
  expect(whyNot({ ...PLAIN, metrics: [newMetric("relevance")] })).toContain("judges");
  expect(whyNot({ ...PLAIN, metrics: [newMetric("relevance")], judge: "simulated/judge" })).toBeNull();
  expect(whyNot({ ...PLAIN, metrics: [newMetric("evaluator")] })).toContain("evaluator");
});

it("sends of a budget what was said", () => {
  expect(budgetOf({ evaluations: "800", ceiling: "0.5", minutes: "1.5" })).toEqual({ evaluations: 800, credits: 50, seconds: 90 });
  expect(budgetOf({ evaluations: "", ceiling: "", minutes: "0" })).toEqual({ evaluations: 50 });
});
