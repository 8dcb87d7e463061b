import { describe, expect, it } from "vitest";
import { type Draft, FAULTY, bodyOf, draftOf, emptyDraft, faultsOf, stepsOf, whyNot, withEffect } from "./draft";
import type { Experiment } from "./model";

const draft: Draft = { ...emptyDraft("tickets", "2"), name: " Shorter " };

describe("steps", () => {
  it("are shares that grow", () => {
    expect(stepsOf("1, 5 25% 100")).toEqual([0.01, 0.05, 0.25, 1]);
    for (const wrong of ["", "5, 5", "10, 5", "0, 50", "50, 101", "a"]) expect(stepsOf(wrong), wrong).toBeNull();
  });
});

describe("what is sent", () => {
  it("names versions and labels as they are meant, and even shares not at all", () => {
    expect(bodyOf(draft)).toMatchObject({ name: "Shorter", prompt: "tickets", kind: "ab", arms: [{ name: "control", label: "production", control: true }, { name: "candidate", version: 2, control: false }] });
    expect(bodyOf(draft).arms.some((one) => "share" in one)).toBe(false);
  });
  it("writes points as parts of 1, dollars as nano-dollars and milliseconds as they are", () => {
    expect(bodyOf({ ...draft, effect: "3", equivalence: "1.5" }).deciding).toMatchObject({ smallest_effect: 0.03, equivalence_margin: 0.015 });
    expect(bodyOf({ ...draft, metric: "cost_nusd", effect: "0.001" }).deciding?.smallest_effect).toBe(1_000_000);
    expect(bodyOf({ ...draft, metric: "latency_ms", effect: "80" }).deciding?.smallest_effect).toBe(80);
  });
  it("gives a rollout its ramp, and no shares, no days and no adapting", () => {
    const arms = draft.arms.map((one) => ({ ...one, share: "50" }));
    const body = bodyOf({ ...draft, arms, kind: "rollout", steps: "10, 100", bakeHours: "0.5", maxDays: "5", adaptive: true });
    expect(body.rollout).toEqual({ steps: [0.1, 1], bake_s: 1800, min_units: 0, advances: true });
    expect([body.allocation, body.deciding?.max_days, body.arms[0]?.share]).toEqual(["fixed", undefined, undefined]);
  });
  it("gives an unseen arm its share and what all may cost", () => {
    const arms = [...draft.arms, { name: "small", gives: "", model: "simulated/chat", share: "10", shadow: true }];
    expect(whyNot({ ...draft, arms })).toBe(FAULTY);
    expect(bodyOf({ ...draft, arms, shadowBudget: "0.5" })).toMatchObject({ shadow_budget_nusd: 500_000_000, arms: [{}, {}, { mode: "shadow", model: "simulated/chat", share: 0.1 }] });
  });
  it("leaves guardrails out where nothing is said, so that the usual ones hold, and says it where there are to be none", () => {
    expect("guardrails" in bodyOf(draft)).toBe(false);
    expect(bodyOf({ ...draft, guardrails: [] }).guardrails).toEqual([]);
    const guardrails: Draft["guardrails"] = [
      { metric: "error_rate", margin: "2", relative: false, direction: "", alpha: "" },
      { metric: "metric:resolved", margin: "20", relative: true, direction: "higher", alpha: "1" },
    ];
    expect(bodyOf({ ...draft, guardrails }).guardrails).toEqual([
      { metric: "error_rate", margin: 0.02, relative: false, alpha: 0.05 },
      { metric: "metric:resolved", margin: 0.2, relative: true, alpha: 0.01, direction: "higher" },
    ]);
  });
  it("says looks of announced looks only, and a part of a namespace only where there is one", () => {
    const said = { ...draft, plannedUnits: "400", looks: "4", namespaceShare: "30" };
    expect(bodyOf({ ...said, method: "group_sequential", namespace: "texts" })).toMatchObject({ namespace: "texts", namespace_share: 0.3, deciding: { looks: 4, planned_units: 400 } });
    expect(bodyOf({ ...said, method: "fixed" }).deciding).not.toHaveProperty("looks");
    expect(bodyOf(said)).not.toHaveProperty("namespace_share");
  });
});

describe("what keeps it from being drafted", () => {
  it("is said, the first thing first", () => {
    expect(whyNot({ ...draft, name: " " })).toBe("Give it a name.");
    expect(whyNot({ ...draft, prompt: "" })).toBe("Choose the prompt.");
    expect(whyNot({ ...draft, arms: draft.arms.map((one, at) => (at === 1 ? { ...one, name: "", gives: "" } : one)) })).toBe("Name arm 2.");
    expect(whyNot({ ...draft, arms: draft.arms.map((one, at) => (at === 1 ? { ...one, gives: "" } : one)) })).toMatch(/^Say which version, label or model .* gives\.$/);
    expect(whyNot(draft)).toBeNull();
  });
});

describe("faults", () => {
  it("are said beside shares that are half given or too many", () => {
    const share = (a: string, b: string) => faultsOf({ ...draft, arms: draft.arms.map((one, at) => ({ ...one, share: at === 0 ? a : b })) })["shares"];
    expect([share("", ""), share("20", "80")]).toEqual([undefined, undefined]);
    expect(share("20", "")).toContain("each arm");
    expect(share("60", "50")).toContain("more than 100");
  });
  it("are said of a guardrail that says no margin: 0 would end an arm for anything", () => {
    const guarded = (margin: string) => ({ ...draft, guardrails: [{ metric: "error_rate", margin, relative: false, direction: "" as const, alpha: "" }] });
    expect([faultsOf(guarded(""))["guardrails"], whyNot(guarded("")), faultsOf(guarded("0"))]).toEqual([expect.stringContaining("how much"), FAULTY, {}]);
  });
});

describe("a draft that is read", () => {
  const known = {
    id: "x", name: "N", description: "d", prompt: "tickets", label: "production", kind: "rollout", unit: "session", metric: "satisfaction", direction: "higher", allocation: "fixed", targeting: "app == 'x'", namespace: null, on_winner: "automatic",
    arms: [{ name: "new", mode: "live", control: false, version: 3, label: null, model: null, share: null }, { name: "old", mode: "live", control: true, version: null, label: "production", model: null, share: null }],
    deciding: { method: "sequential", confidence: 0.95, min_samples: 100, planned_units: null, looks: null, smallest_effect: 0.05, equivalence_margin: null, max_days: null, horizon: null },
    guardrails: [{ metric: "latency_p95_ms", margin: 0.2, relative: true, alpha: 0.05, direction: "lower" }], rollout: { steps: [0.05, 1], bake_s: 7200, min_units: 40, advances: false }, shadow_budget_nusd: null,
  } as unknown as Experiment; // prettier-ignore
  it("says the same again when it is sent", () => {
    expect(bodyOf(draftOf(known))).toMatchObject({
      unit: "session", targeting: "app == 'x'", min_samples: 100, confidence: 0.95, rollout: known.rollout, guardrails: [{ metric: "latency_p95_ms", margin: 0.2, relative: true }],
      arms: [{ name: "old", label: "production", control: true }, { name: "new", version: 3, control: false }], deciding: { smallest_effect: 0.05 },
    }); // prettier-ignore
  });
  it("keeps what only the advanced part of the form shows", () => {
    const guardrails = [{ metric: "metric:resolved", margin: 0.1, relative: false, alpha: 0.01, direction: "higher" }];
    const kept = { ...known, namespace: "texts", namespace_share: 0.25, guardrails, deciding: { ...known.deciding, method: "group_sequential", planned_units: 400, looks: 7 } } as Experiment;
    expect(withEffect(kept, "2")).toMatchObject({ namespace: "texts", namespace_share: 0.25, guardrails, deciding: { method: "group_sequential", planned_units: 400, looks: 7, smallest_effect: 0.02 } });
  });
  it("of a rollout without guardrails does not get the usual ones", () => {
    expect(withEffect({ ...known, guardrails: [] }, "2").guardrails).toEqual([]);
  });
  it("changes nothing but the effect", () => {
    const { deciding, ...rest } = withEffect(known, "2");
    const { deciding: before, ...same } = bodyOf(draftOf(known));
    expect(rest).toEqual(same);
    expect([deciding?.smallest_effect, before?.smallest_effect]).toEqual([0.02, 0.05]);
  });
});
