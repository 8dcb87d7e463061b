import { expect, test } from "vitest";
import { filtersInWords } from "./channel";
import { bodyOf, formOf, wrongIn } from "./rule";
import { besideTarget, changesOf, comparisonOf, moveOf } from "./words";

test("figures of an alert stand side by side with their units", () => {
  const told = comparisonOf({ before: { target: 0.8 }, after: { low: 0.44, high: 0.67, samples: 70, reactions: 70, satisfaction: 0.557, voices_held_back: 0 } });
  expect(told).toEqual([
    { field: "satisfaction", name: "Satisfaction", before: "target 80.0\u00a0%", after: "55.7\u00a0%", interval: "44.0–67.0\u00a0%" },
    { field: "reactions", name: "Reactions", before: "", after: "70" },
  ]);
  expect(comparisonOf({ before: { limit_nusd: 5e9 }, after: { spent_nusd: 4e9 } }).map((one) => [one.name, one.before, one.after])).toEqual([["Limit", "$5.00", ""], ["Spent", "", "$4.00"]]); // prettier-ignore
});

test("a satisfaction of nothing is told, and what one person counted for is a number", () => {
  const after = { low: 0, high: 0.045, samples: 81, reactions: 81, satisfaction: 0, voices_held_back: 0, most_of_one_voice: 4 };
  expect(comparisonOf({ before: { target: 0.705 }, after }).map((one) => [one.name, one.before, one.after])).toEqual([["Satisfaction", "target 70.5\u00a0%", "0.0\u00a0%"], ["Reactions", "", "81"]]); // prettier-ignore
  const held = comparisonOf({ before: { target: 0.705 }, after: { ...after, reactions: 90, voices_held_back: 9 } });
  expect(held.map((one) => [one.name, one.after])).toEqual([["Satisfaction", "0.0\u00a0%"], ["Reactions that count", "81"], ["Reactions", "90"], ["Reactions held back", "9"], ["Of one person, at most", "4"]]); // prettier-ignore
  expect(comparisonOf({ before: {}, after: { available_nusd: 0 } }).map((one) => [one.name, one.after])).toEqual([["Left", "$0.00"]]);
});

test("a dearer version stands beside the one before, by its figures and its number", () => {
  const told = comparisonOf({ version: 3, before: { p95_nusd: 1e9, share_above: 0.05, version: 2, observations: 200 }, after: { p95_nusd: 2e9, share_above: 0.6, observations: 90 } });
  expect(told.map((one) => [one.field, one.before, one.after])).toEqual([["p95_nusd", "$1.00", "$2.00"], ["share_above", "5.0\u00a0%", "60.0\u00a0%"], ["version", "v2", "v3"], ["observations", "200", "90"]]); // prettier-ignore
  expect(comparisonOf({ version: 3, before: { limit_nusd: 5e9 }, after: { spent_nusd: 4e9 } }).map((one) => one.field)).toEqual(["limit_nusd", "spent_nusd"]);
});

test.each([
  [{ target: 0.1 }, { error_rate: 1 / 3, observations: 45, window_minutes: 10 }, ["Failed", "10.0\u00a0%", "33.3\u00a0%"], "the last 10\u00a0min"],
  [{ limit_ms: 2500 }, { p95_ms: 3100, observations: 45, window_minutes: 60 }, ["p95 latency", "2.50\u00a0s", "3.10\u00a0s"], "the last 1\u00a0h"],
  [{ limit_nusd: 1e9 }, { mean_cost_nusd: 2e9, observations: 45, window_minutes: 1_440 }, ["Mean cost", "$1.00", "$2.00"], "the last 1\u00a0d"],
  [{ target: 0.8 }, { quality: 0.625, observations: 45, window_minutes: 60 }, ["Score", "0.8", "0.625"], "the last 1\u00a0h"],
])("a fixed limit stands beside its figure in the same unit: %o", (before, after, first, window) => {
  const told = besideTarget({ before, after }).map((one) => [one.name, one.before, one.after]);
  expect(told).toEqual([first, ["Observations", "", "45"], ["Looked at", "", window]]);
});

test("what changed is said from what to what", () => {
  expect(changesOf({ changed: { version: { from: 2, to: 3 }, evaluator: { id: "x", name: "Polite", version: 1 }, budget_id: "y" } })).toEqual([["Version", "v2 → v3"], ["Evaluator", "Polite v1"]]); // prettier-ignore
  expect(changesOf({ changed: { target: "end_user" } })).toEqual([["Target", "end user"]]);
  expect(moveOf({ changed: { version: { from: 2, to: 3 } } })).toEqual({ from: 2, to: 3 });
  expect([moveOf({ changed: {} }), moveOf({ changed: { version: { from: null, to: 3 } } })]).toEqual([null, null]);
});

test("a rule goes through its form unharmed, and what is empty stays with the default", () => {
  const rule = { prompt: "triage", enabled: true, min_samples: 50, target: 0.9, target_p95_ms: 1500, target_cost_nusd: 20_000_000, min_drop: null, min_error_rise: 0.005, min_latency_rise: 0.3, min_cost_rise: null, targets: null, muted_until: null, updated_at: "", start_optimization: { dataset_id: "d", budget: { evaluations: 800, credits: 50, seconds: 60 }, cooldown_hours: 72, metrics: ["quality"] } } as never;
  expect(bodyOf(formOf(rule), rule)).toEqual({ enabled: true, min_samples: 50, target: 0.9, target_p95_ms: 1500, target_cost_nusd: 20_000_000, min_drop: null, min_error_rise: 0.005, min_latency_rise: 0.3, min_cost_rise: null, targets: null, muted_until: null, start_optimization: { dataset_id: "d", budget: { evaluations: 800, credits: 50, seconds: 60 }, cooldown_hours: 72, metrics: ["quality"] } });
  const heard = { ...(rule as object), start_optimization: { dataset_id: null, source: "feedback", budget: { evaluations: 800, credits: 50 }, cooldown_hours: 72 } } as never;
  expect(bodyOf(formOf(heard), heard)["start_optimization"]).toEqual({ source: "feedback", budget: { evaluations: 800, credits: 50 }, cooldown_hours: 72 });
  expect(wrongIn(formOf(heard))).toEqual({});
  const search = { method: "evolutionary", evolutionary: { population: 8, generations: 4, selection: "pareto", elites: 1 }, models: { task: "m", reflect: "n" }, constraints: { anchors: ["a"] }, metrics: [{ metric: "accuracy", weight: 2 }], seed: 7 };
  const told = { ...(rule as object), start_optimization: { dataset_id: "d", budget: { evaluations: 800, credits: 50 }, cooldown_hours: 72, search } } as never;
  expect((bodyOf(formOf(told), told)["start_optimization"] as { search: unknown }).search).toEqual(search);
  const plain = bodyOf({ ...formOf(told), task: null, reflect: null, search: { ...formOf(heard).search } }, told)["start_optimization"];
  expect(plain).not.toHaveProperty("search");
  expect(wrongIn({ ...formOf(told), search: { ...formOf(told).search, method: "manual", texts: [""] } })).toEqual({ search: expect.any(String) });
  expect(Object.keys(wrongIn({ ...formOf(null), errors: "x", latency: "120", cost: "-1" }))).toEqual(["errors", "latency", "cost"]);
  expect(wrongIn({ ...formOf(null), samples: "5", target: "120", starts: true })).toEqual({ samples: expect.any(String), target: expect.any(String), dataset: expect.any(String), usd: expect.any(String) });
});

test("a channel says what it is told of", () => {
  expect([filtersInWords({}), filtersInWords({ kinds: ["budget"], prompts: ["triage"], min_severity: "error" })]).toEqual(["everything", "budget, of triage, from error on"]);
});
