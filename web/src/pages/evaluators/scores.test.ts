import { expect, test } from "vitest";
import { type Figures, evaluatorName, forecastOf, seriesOf, windowOf } from "./scores";

const HOUR = 3_600_000;
const row = (group: string, at: number, scores: number, value: number): Figures => ({
  at: new Date(at).toISOString(), group, scores, no_scores: 0, passed: scores, uncertain: 0, mean: { value, low: value - 0.1, high: value + 0.1 }, pass_rate: { value: 1, low: 0.5, high: 1 }, cost_nusd: 0, simulated: false,
}); // prettier-ignore

test("each group has a line with gaps where nothing was scored, the largest first", () => {
  const rows = [row("a@1", 0, 2, 0.5), row("b@1", 2 * HOUR, 9, 0.8)];
  const found = seriesOf(rows, { measure: "mean", nameOf: (group) => group, range: "24h", fromMs: 0, toMs: 3 * HOUR });
  expect(found.map((one) => [one.name, one.points.map((point) => point.value)])).toEqual([["b@1", [null, null, 0.8]], ["a@1", [0.5, null, null]]]); // prettier-ignore
  expect(found[1]?.points[0]).toMatchObject({ low: 0.4, high: 0.6 });
});

test("a range begins at a whole step", () => {
  const found = windowOf("24h", Date.parse("2026-11-21T10:20:00Z"));
  expect([found.from, new Date(found.toMs).toISOString()]).toEqual(["2026-11-20T11:00:00.000Z", "2026-11-21T11:00:00.000Z"]);
});

test("a group of an evaluator is told by its name and version", () => {
  expect(evaluatorName("01-x@2", new Map([["01-x", "helpful"]]))).toBe("helpful v2");
});

test("a forecast needs runs and what a score cost so far", () => {
  expect(forecastOf({ runsADay: 1000, share: 0.1, scores: 50, costNusd: 5_000 })).toEqual({ scores: 100, costNusd: 10_000 });
  expect(forecastOf({ runsADay: 1000, share: 0.1, scores: 0, costNusd: 0 })).toBeNull();
  expect(forecastOf({ runsADay: null, share: 0.1, scores: 5, costNusd: 9 })).toBeNull();
});
