import { describe, expect, it } from "vitest";
import { type Experiment, type Look, allowance, awaitsShipping, curveRange, curves, decidedBy, endedWords, figureName, leftOf, resultsOf, saysDeciding, saysOf, saysOfKind, scoredName, scoringOf, shareWords, split, standing, wholeSplit, nothingToDraw } from "./model";

const look = (at: number, low: number | null, high: number | null): Look => ({ looked_at: new Date(at).toISOString(), epoch: 1, units: at, evidence: 1, differences: [{ arm: "b", value: low === null || high === null ? 0.5 : (low + high) / 2, low, high }] });

describe("the curve", () => {
  const series = curves([look(1, null, null), look(2, -0.6, 0.8), look(3, -0.1, 0.2), look(4, 0, 0.1)]);
  it("draws nothing of a look that may not say anything yet", () => {
    expect(series[0]?.points.map((one) => one.value)).toEqual([null, expect.closeTo(0.1), expect.closeTo(0.05), expect.closeTo(0.05)]);
    expect(curves([look(1, null, null)])).toEqual([]);
  });
  it("has ends by the later half, with 0 between them", () => {
    const [low, high] = curveRange(series);
    expect(low).toBeLessThan(-0.1);
    expect(low).toBeGreaterThan(-0.2);
    expect(high).toBeLessThan(0.3);
  });
});

describe("evaluators whose scores may decide", () => {
  const live = (evaluator_id: string, changed = {}) => ({ evaluator_id, evaluator: `Is ${evaluator_id}`, prompts: ["a"], labels: [], filters: {}, active: true, ...changed });
  it("score the prompt now, and all arms alike", () => {
    const lives = [live("kind"), live("kind", { filters: { app: "shop" } }), live("all", { prompts: [] }), live("other", { prompts: ["b"] }), live("paused", { active: false }), live("labelled", { labels: ["production"] }), live("slow", { filters: { min_latency_ms: 5 } }), live("part", { filters: { app: "shop" } }), live("part", { filters: { app: "phone", model: "m" } }), live("armed", { filters: { experiment_id: "e", arm: "b" } })];
    expect(scoringOf(lives, "a")).toEqual([
      { value: "evaluator:all", label: "Score by Is all" },
      { value: "evaluator:kind", label: "Score by Is kind" },
    ]);
    expect(scoringOf(lives, "")).toEqual([{ value: "evaluator:all", label: "Score by Is all" }]);
  });
});

describe("the split", () => {
  it("gives planned and seen as parts of the same whole", () => {
    const found = split({ units: { a: 60, b: 20 }, planned: { a: 0.2, b: 0.2 } });
    expect(found.get("a")).toEqual({ planned: 0.5, seen: 0.75, units: 60 });
    const both = wholeSplit({ evidence: 1, epoch: 2, units: {}, planned: { a: 0.5, b: 0.5 }, came: { a: 100, b: 60 }, expected: { a: 110, b: 50 }, is_sound: true });
    expect(both.get("b")).toEqual({ planned: 0.3125, seen: 0.375, units: 60 });
    expect(split({ units: {}, planned: { a: 1 } }).get("a")?.seen).toBeNull();
  });
});

describe("words", () => {
  it("are in the unit of the metric", () => {
    expect(saysOf("satisfaction", true).range(-0.001, 0.172)).toBe("−0.1 to +17.2\u00a0pts");
    expect(saysOf("latency_ms", false).difference(80)).toBe("+80\u00a0ms");
    expect(saysOf("cost_nusd", false).difference(-2e9)).toBe("−$2.00");
    expect(saysOf("metric:resolved", false).value(0.25)).toBe("0.25");
  });
  it("say what a guardrail allows", () => {
    expect(allowance({ metric: "error_rate", margin: 0.02, relative: false })).toBe("at most 2.0\u00a0pts more");
    expect(allowance({ metric: "cost_nusd", margin: 0.2, relative: true })).toBe("at most 20\u00a0% more");
    expect(allowance({ metric: "satisfaction", margin: 0.03, relative: false })).toBe("at most 3.0\u00a0pts less");
    expect(allowance({ metric: "evaluator:e@1", margin: 1, relative: false, least: 0.8 })).toBe("at least 80.0\u00a0%");
  });
  it("write shares as they were given", () => {
    expect([shareWords(0.005), shareWords(1 / 3), shareWords(1), shareWords(null)]).toEqual(["0.5\u00a0%", "33.33\u00a0%", "100\u00a0%", "–"]);
  });
});

describe("what is shown", () => {
  const differences = [{ arm: "b", state: "better" }];
  it("is what it was decided by once it is over", () => {
    const over = { status: "completed", results: { differences: [], over_time: [1] }, verdict: { result: { differences } } } as unknown as Experiment;
    expect(resultsOf(over)).toMatchObject({ differences, over_time: [1] });
    expect(resultsOf({ status: "draft", results: null, verdict: null } as unknown as Experiment)).toBeNull();
  });
  it("says that a held rollout waits", () => {
    expect(standing({ status: "running", rollout_state: "holding", verdict: null, kind: "rollout" }).word).toBe("waits for you");
    expect(standing({ status: "completed", rollout_state: "rolled_back", verdict: { outcome: "rolled_back" } as never, kind: "rollout" })).toEqual({ word: "rolled back", tone: "bad" });
    const ended = (outcome: string, decided_by: string) => standing({ status: "completed", rollout_state: "finished", verdict: { outcome, decided_by } as never, kind: "rollout" }).word;
    expect([ended("better", "system:experiments"), ended("better", "user:1"), ended("worse", "key:1"), ended("stopped", "user:1")]).toEqual(["better", "chosen by hand", "chosen by hand", "stopped"]);
  });
});

describe("all figures", () => {
  it("says values, intervals and differences in what they are", () => {
    expect(saysOfKind("share").between(0.006, 0.018)).toBe("0.6\u00a0% to 1.8\u00a0%");
    expect(saysOfKind("share").difference(0.004)).toBe("+0.4\u00a0pts");
    expect(saysOfKind("ms").value(812)).toBe("812\u00a0ms");
    expect(saysOfKind("nusd").difference(2e9)).toBe("+$2.00");
    expect(saysOfKind("number").between(null, 2)).toBe("–");
  });

  it("tells the percentile that decides from the slow answers that a guardrail counts", () => {
    expect(decidedBy("latency_p95_ms")).toBe("95th percentile of latency");
    expect(saysDeciding("latency_p95_ms", false).difference(-80)).toBe("−80\u00a0ms");
    expect(figureName("slow_share")).toBe("Slow answers");
    expect(figureName("metric:resolved")).toBe("resolved");
  });
});

describe("shipping what won (X1)", () => {
  const ended = (state: string, winner: string | null) =>
    ({ promotion: { state, label: "production", version: 2 }, winner, arms: [{ name: "old", version: 1, control: true }, { name: "new", version: 2, control: false }] }) as unknown as Parameters<typeof awaitsShipping>[0];
  it("is offered also where the label was left alone when it was decided", () => {
    expect(awaitsShipping(ended("not_wanted", "new"))).toBe(true);
    expect(awaitsShipping(ended("offered", "new"))).toBe(true);
  });
  it("is not where everybody gets the winner, or nothing won", () => {
    expect(awaitsShipping(ended("not_wanted", "old"))).toBe(false);
    expect(awaitsShipping(ended("not_wanted", null))).toBe(false);
    expect(awaitsShipping(ended("moved", "new"))).toBe(false);
  });
});

it("tells nobody that an experiment which ended may be stopped", () => {
  expect(endedWords("'old' is worse: −64.3 points; 389 answers; you may stop.")).toBe("'old' is worse: −64.3 points; 389 answers.");
  expect(endedWords("'a' is better: +3 points; you may stop. 'b' is worse: −2 points; you may stop.")).toBe("'a' is better: +3 points. 'b' is worse: −2 points.");
  expect(endedWords("No difference worth finding.")).toBe("No difference worth finding.");
});

it("lets no step of a ramp last longer than it does, however old the clock of the page is", () => {
  const step = { step_started_at: "2026-11-28T14:01:50Z", rollout: { bake_s: 3_600 } } as never;
  expect([leftOf(step, Date.parse("2026-11-28T14:00:00Z")), leftOf(step, Date.parse("2026-11-28T14:30:00Z")), leftOf(step, Date.parse("2026-11-28T15:02:00Z"))]).toEqual([3_600_000, 31 * 60_000, 0]);
});

it("tells seconds of what is left below a minute", () => {
  const step = { step_started_at: "2026-11-28T14:00:00Z", rollout: { bake_s: 30 } } as never;
  expect(["13:59:00", "14:00:12", "14:00:29.600", "14:00:30", "14:05:00"].map((at) => leftOf(step, Date.parse(`2026-11-28T${at}Z`)))).toEqual([30_000, 18_000, 1_000, 0, 0]);
});

describe("the score of an evaluator", () => {
  it("goes by its name and version, and is a share of which more is better", () => {
    const names = new Map([["id-of-helpful", "helpful"]]);
    expect([scoredName("evaluator:id-of-helpful@2", names), scoredName("evaluator:another-abcdef", names), scoredName("cost_nusd", names)]).toEqual(["Score by helpful v2", "Score by …abcdef", undefined]);
    expect(allowance({ metric: "evaluator:x@1", margin: 0.05, relative: false }).replace(/\u00a0/gu, " ")).toBe("at most 5.0 pts less");
  });
});

it("says who is missing before a difference can be drawn, not that nobody came", () => {
  const one = { metric: "satisfaction", unit: "end_user", deciding: { min_samples: 100 }, status: "running" } as never;
  expect(nothingToDraw(one, 0)).toEqual({ title: "Too early to draw", words: "An interval stands here as soon as 100 end users reacted in each arm; the smallest has 0." });
  const over = { ...(one as object), status: "completed", metric: "cost_nusd" } as never;
  expect(nothingToDraw(over, 44)).toEqual({ title: "Nothing to draw", words: "It ended before 100 end users were counted in each arm; the smallest has 44." });
});
