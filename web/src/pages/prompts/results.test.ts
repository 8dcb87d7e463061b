import { expect, it } from "vitest";
import { intervalsOf, pointOf, seriesOf, versionOf } from "./results";

const row = (group: string, executions: number, satisfaction: object | null = null) => ({ group, executions, satisfaction, success_rate: 1, mean_cost_nusd: 7, latency: { p95_ms: 90 } }) as never;

it("reads the version from a group, and nothing else", () => {
  expect([versionOf("a@7"), versionOf("a@production"), versionOf(null)]).toEqual([7, null, null]);
});

it("draws the busiest versions, the oldest first", () => {
  const versions = [1, 2, 3, 4, 5, 6].map((version) => row(`a@${version}`, version === 2 ? 0 : version));
  const points = [{ group: "a@6", at: "2026-11-20T00:00:00Z", executions: 4 } as never];
  const series = seriesOf(points, "runs", versions);
  expect(series.map((one) => one.name)).toEqual(["v1", "v3", "v4", "v5", "v6"]);
  expect(series.at(-1)?.points).toEqual([{ x: Date.parse("2026-11-20T00:00:00Z"), value: 4 }]);
});

it("says what is not known as not known", () => {
  expect(pointOf("satisfaction", 1, row("a@1", 3))).toEqual({ x: 1, value: null, low: null, high: null });
  expect(intervalsOf([row("a@1", 3), row("a@2", 3, { value: 0.5, low: 0.4, high: 0.6, samples: 9 })]).map((one) => one.label)).toEqual(["v2"]);
});
