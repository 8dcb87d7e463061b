import { expect, test } from "vitest";
import { type GroupFigures, type Step, deltaOf, effectivenessWords, groupSeries, isApart, linkOf, monthSeries, nameOf, reportStepMs, runsOf, seriesBefore, wholeSeries } from "./figures";
import { windowsOf } from "./range";

const HOUR = 3_600_000;
const NO_NAMES = new Map<string, string>();

function step(at: number, executions: number, group?: string): Step {
  return { at: new Date(at).toISOString(), executions, group, cost_nusd: executions * 10, satisfaction: null, success_rate: null, latency: { p50_ms: null, p95_ms: null, p99_ms: null, relative_error: 0 } } as unknown as Step;
}

test("the range is whole steps, and the one before it ends where it begins", () => {
  const now = Date.parse("2026-11-20T15:20:00Z");
  const { now: shown, before } = windowsOf("24h", now);
  expect([shown.from, before.from, before.to]).toEqual(["2026-11-19T16:00:00.000Z", "2026-11-18T16:00:00.000Z", "2026-11-19T16:00:00.000Z"]);
  expect(windowsOf("24h", now + 60_000).now.from).toBe(shown.from);
});

test("what is compared are as many steps as before, and none that is not over", () => {
  const { now: shown, before } = windowsOf("24h", Date.parse("2026-11-20T15:20:00Z"), { whole: true });
  expect([shown.from, shown.to, before.from, before.to]).toEqual(["2026-11-19T15:00:00.000Z", "2026-11-20T15:00:00.000Z", "2026-11-18T15:00:00.000Z", "2026-11-19T15:00:00.000Z"]);
  expect(shown.toMs - shown.fromMs).toBe(before.toMs - before.fromMs);
});

test("a count of nothing is zero, a rate of nothing is a gap", () => {
  const made = { ends: [0, 3 * HOUR] as const, stepMs: HOUR };
  expect(wholeSeries([step(HOUR, 4)], "Runs", 1, { measure: "runs", ...made }).points.map((one) => one.value)).toEqual([0, 4, 0]);
  expect(wholeSeries([step(HOUR, 4)], "p95", 1, { measure: "p95", ...made }).points.map((one) => one.value)).toEqual([null, null, null]);
});

test("the period before lies over the one that is shown", () => {
  const found = seriesBefore([step(HOUR, 7)], "before", 1, { measure: "runs", ends: [3 * HOUR, 6 * HOUR], stepMs: HOUR });
  expect(found.dashed).toBe(true);
  expect(found.points).toEqual([{ x: 3 * HOUR, value: 0 }, { x: 4 * HOUR, value: 7 }, { x: 5 * HOUR, value: 0 }]); // prettier-ignore
});

test("the five busiest groups have lines, in the order of the table", () => {
  const groups = ["f", "e", "d", "c", "b", "a"];
  const series = groupSeries([step(0, 1, "e")], groups, { measure: "runs", name: (one) => one, ends: [0, HOUR], stepMs: HOUR });
  expect(series.map((one) => [one.name, one.color])).toEqual([["f", 1], ["e", 2], ["d", 3], ["c", 4], ["b", 5]]); // prettier-ignore
  expect(series[1]?.points).toEqual([{ x: 0, value: 1 }]);
});

test("differences are said in the unit of the figure, and judged only where one way is better", () => {
  expect(deltaOf("relative", 106, 100, null)).toEqual({ text: "+6\u00a0%", tone: "neutral" });
  expect(deltaOf("relative", 6_700, 100, null)?.text).toBe("×67");
  expect(deltaOf("share", 0.5, 0.6, "up")).toEqual({ text: "−10.0\u00a0pts", tone: "bad" });
  expect(deltaOf("time", 400, 480, "down")).toEqual({ text: "−80\u00a0ms", tone: "ok" });
  expect(deltaOf("time", 400, null, "down")).toBeNull();
  expect(isApart({ value: 0.5, low: 0.4, high: 0.6, samples: 9 }, { value: 0.58, low: 0.55, high: 0.7, samples: 9 })).toBe(false);
});

test("groups have names for people", () => {
  expect([nameOf("version", "triage@3", NO_NAMES), nameOf("app", "", NO_NAMES), nameOf("api_key", "k1", new Map([["k1", "checkout"]]))]).toEqual(["triage v3", "not named", "checkout"]);
  expect([nameOf("provider_key", "k1", new Map([["k1", "main"]])), nameOf("provider_key", "", NO_NAMES), nameOf("provider", "openai", NO_NAMES)]).toEqual(["main", "no key of yours", "openai"]);
  expect([nameOf("arm", "e1/b", new Map([["e1", "Shorter answers"]])), nameOf("arm", "e2/b", NO_NAMES), linkOf("arm", "e1/b")?.to]).toEqual(["Shorter answers · b", "e2 · b", "/experiments/e1"]);
});

test("the month is a growing sum, and goes on to where it is expected to end", () => {
  const now = Date.parse("2026-11-02T12:00:00Z");
  const days = [{ at: "2026-11-01T00:00:00Z", cost_nusd: 10 }, { at: "2026-11-02T00:00:00Z", cost_nusd: 5 }] as unknown as GroupFigures[]; // prettier-ignore
  const [spent, expected] = monthSeries(days as never, { expected_nusd: 300, low_nusd: 200, high_nusd: 400 } as never, now);
  expect(spent?.points.map((one) => one.value)).toEqual([0, 10, 15, null]);
  expect(expected?.points.map((one) => [one.low, one.value, one.high])).toEqual([[15, 15, 15], [200, 300, 400]]); // prettier-ignore
});

test("a report's time is cut as the API cuts it, and all of it is drawn", () => {
  const from = Date.parse("2026-11-13T17:00:00Z");
  expect([reportStepMs(7 * 24 * HOUR), reportStepMs(30 * 24 * HOUR)]).toEqual([HOUR, 24 * HOUR]);
  const { points } = wholeSeries([step(from + 2 * HOUR, 4)], "Runs", 2, { measure: "runs", ends: [from, from + 4 * HOUR], stepMs: HOUR });
  expect(points.map((one) => one.value)).toEqual([0, 0, 4, 0]);
});

test("effectiveness says what it is made of, with the targets that there are", () => {
  expect(effectivenessWords({ p95_ms: null, cost_nusd: null })).toContain("five eighths satisfaction, three eighths success.");
  expect(effectivenessWords({ p95_ms: 2_000, cost_nusd: 10_000_000 })).toMatch(/: 50 for satisfaction, 30 for success, 10 for speed \(p95 against 2.+\), 10 for thrift \(a run against \$0\.01\)\.$/);
  expect(effectivenessWords({ p95_ms: 2_000, cost_nusd: null })).toMatch(/: 56 for satisfaction, 33 for success, 11 for speed \(/);
});

test("runs of a sum are told as a part of it where the rows are", () => {
  const rows = [{ executions: 39, cost_nusd: 500_000_000 }, { executions: 21, cost_nusd: 1_600_000_000 }];
  expect(runsOf("prompt", rows)).toBe("60 runs");
  expect(runsOf("arm", rows)).toBe("$2.10 in experiments, 60 runs");
});
