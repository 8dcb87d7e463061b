import { describe, expect, it } from "vitest";
import { policyBodyOf, policyDraftOf, policyFaults } from "./policy";

describe("a policy of rollouts (PRODUCT X1, X3)", () => {
  it("is sent back as it was read, with every field", () => {
    const kept = {
      label: "staging", metric: "evaluator:e", unit: "session" as const, by: "user:1",
      rollout: { steps: [0.05, 0.5, 1], bake_s: 1800, min_units: 200, advances: false },
      guardrails: [{ metric: "error_rate", margin: 0.01, relative: false, direction: "lower" as const, alpha: 0.02 }, { metric: "metric:stars", margin: 0.1, relative: true, direction: "higher" as const, alpha: 0.05 }, { metric: "evaluator:e", margin: 1, least: 0.8, relative: false, direction: "higher" as const, alpha: 0.05 }],
    }; // prettier-ignore
    const draft = policyDraftOf(kept);
    expect(draft).toMatchObject({ label: "staging", unit: "session", steps: "5, 50, 100", bakeHours: "0.5", minUnits: "200", advances: false });
    expect(policyFaults(draft)).toEqual({});
    const sent = policyBodyOf(draft);
    expect(sent).toEqual({ label: "staging", metric: "evaluator:e", unit: "session", rollout: kept.rollout, guardrails: [{ metric: "error_rate", margin: 0.01, relative: false, alpha: 0.02 }, { metric: "metric:stars", margin: 0.1, relative: true, direction: "higher", alpha: 0.05 }, { metric: "evaluator:e", margin: 1, least: 0.8, relative: false, alpha: 0.05 }] });
  });

  it("is the usual ramp with the usual guardrails where nothing was said", () => {
    const draft = policyDraftOf(null);
    expect(draft.guardrails).toBeNull();
    expect(policyBodyOf(draft)).toEqual({ label: "production", metric: "satisfaction", unit: null, guardrails: [], rollout: { steps: [0.01, 0.05, 0.25, 0.5, 1], bake_s: 3600, min_units: 0, advances: true } });
  });

  it("names the field that is in the way", () => {
    const draft = { ...policyDraftOf(null), steps: "50, 5", guardrails: [{ metric: "error_rate", margin: "", relative: false, direction: "" as const, alpha: "" }] };
    expect(Object.keys(policyFaults(draft))).toEqual(["steps", "guardrails"]);
    expect(policyFaults({ ...policyDraftOf(null), guardrails: [{ metric: "evaluator:", margin: "80", relative: false, direction: "", alpha: "", floor: true }] })["guardrails"]).toContain("Choose the evaluator");
  });
});
