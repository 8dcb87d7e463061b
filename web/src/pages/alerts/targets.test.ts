import { expect, it } from "vitest";
import { NEW_TARGET, type Target, targetForm, targetOf, targetWords, windowWords, wrongInTarget } from "./targets";

const EACH: Target[] = [
  { metric: "latency", limit: 2500, label: "production", evaluator_id: null, window_minutes: 60, min_samples: 20 },
  { metric: "cost", limit: 12_500_000, label: null, evaluator_id: null, window_minutes: 1440, min_samples: 50 },
  { metric: "error_rate", limit: 0.055, label: null, evaluator_id: null, window_minutes: 10, min_samples: 1 },
  { metric: "quality", limit: 0.8, label: null, evaluator_id: "e", window_minutes: 45, min_samples: 20 },
];

it("comes back from the form as it went in", () => {
  expect(EACH.map((one) => targetOf(targetForm(one)))).toEqual(EACH);
});

it("says a target in words with its unit and side", () => {
  expect(EACH.map(targetWords)).toEqual(["p95 latency below 2500 ms, production", "Mean cost below $0.0125", "Failed calls below 5.5 %", "Mean score above 80 %"]);
  expect([10, 60, 180, 1440, 10_080].map(windowWords)).toEqual(["the last 10 minutes", "the last hour", "the last 3 hours", "the last day", "the last 7 days"]);
});

it("is not whole without a limit, and without an evaluator where it is about scores", () => {
  expect(Object.keys(wrongInTarget(NEW_TARGET))).toEqual(["limit"]);
  expect(wrongInTarget({ ...NEW_TARGET, limit: "2000" })).toEqual({});
  expect(Object.keys(wrongInTarget({ ...NEW_TARGET, metric: "satisfaction", limit: "100" }))).toEqual(["limit"]);
  expect(Object.keys(wrongInTarget({ ...NEW_TARGET, metric: "quality", limit: "80", samples: "0" }))).toEqual(["samples", "evaluator"]);
});
