import { expect, it } from "vitest";
import { changesOf, draftOf, faultsOf } from "./workspace";

const FACTS = { name: "Desk", rate_limit_per_minute: 60, token_limit_per_minute: null, only_admins_change_prompts: false, platform_keys: true, share_statistics: false, protected_labels: ["production"], own_approval: true, test_run_gate: false, gate_evaluator_id: null, gate_min_score: 0.8, response_shape: "with_metadata", min_samples: 20, confidence: 0.95, examples_in_prompts: false };
const base = draftOf(FACTS as never);

it("sends what somebody changed, and nothing else", () => {
  expect(changesOf(base, base)).toEqual({});
  expect(changesOf({ ...base, name: " Help desk ", labels: "Production, production" }, base)).toEqual({ name: "Help desk" });
  expect(changesOf({ ...base, ownApproval: false, labels: "" }, base)).toEqual({ own_approval: false, protected_labels: [] });
});

it("takes an empty rate for that of the plan", () => {
  expect(changesOf({ ...base, rate: " " }, base)).toEqual({ rate_limit_per_minute: null });
  expect(changesOf({ ...base, rate: "90" }, base)).toEqual({ rate_limit_per_minute: 90 });
  expect(changesOf({ ...base, rate: "" }, { ...base, rate: "" })).toEqual({});
});

it("writes what a search must show in per cent, and sends the share", () => {
  const own = draftOf({ ...FACTS, confidence: 0.999 } as never);
  expect([base.confidence, own.confidence]).toEqual(["95", "99.9"]);
  expect(changesOf(own, own)).toEqual({});
  expect(changesOf({ ...own, confidence: "99.5", samples: "100", examples: true, shape: "raw" }, own)).toEqual({ confidence: 0.995, min_samples: 100, examples_in_prompts: true, response_shape: "raw" });
});

it("takes no evaluator for none, and sends the score as it is", () => {
  const own = draftOf({ ...FACTS, gate_evaluator_id: "e1" } as never);
  expect(changesOf({ ...own, gateEvaluator: "", gateScore: "0.75" }, own)).toEqual({ gate_evaluator_id: null, gate_min_score: 0.75 });
  expect(changesOf({ ...base, gateEvaluator: "e1" }, base)).toEqual({ gate_evaluator_id: "e1" });
});

it("names by field what the API would refuse", () => {
  expect(faultsOf(base)).toEqual({});
  expect(Object.keys(faultsOf({ ...base, rate: "many", samples: "19", confidence: "100" }))).toEqual(["rate", "samples", "confidence"]);
  const gated = { ...base, testGate: true, gateEvaluator: "e1", gateScore: "1.5" };
  expect(Object.keys(faultsOf(gated))).toEqual(["gateScore"]);
  expect(faultsOf({ ...gated, gateEvaluator: "" })).toEqual({});
  expect(changesOf({ ...gated, gateEvaluator: "" }, base)).toEqual({ test_run_gate: true });
  expect(Object.keys(faultsOf({ ...base, samples: "20.5", confidence: "" }))).toEqual(["samples", "confidence"]);
});
