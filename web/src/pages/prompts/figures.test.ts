import { expect, it } from "vitest";
import { bySlug, alertedPrompts, failedOf, failingOf, inParts, since, wordOf } from "./figures";

it("joins the day and the week of each prompt", () => {
  const row = (group: string, executions: number) => ({ group, executions }) as never;
  const answer = (...data: never[]) => ({ data }) as never;
  const found = bySlug([answer(row("triage", 9)), undefined], [answer(row("triage", 40), row("quiet", 3))]);
  expect(found.get("triage")).toEqual({ day: { group: "triage", executions: 9 }, week: { group: "triage", executions: 40 } });
  expect(found.get("quiet")?.day).toBeUndefined();
});

it("asks in parts that stay the same while more rows come", () => {
  expect(inParts(["a", "b", "c"], 2)).toEqual([["a", "b"], ["c"]]);
  expect(inParts(["a", "b", "c", "d"], 2)[0]).toEqual(["a", "b"]);
  expect(inParts([])).toEqual([]);
});

it("keeps the beginning of a range for the hour", () => {
  const noon = Date.UTC(2026, 10, 20, 12);
  expect(since(3_600_000, noon + 1)).toBe("2026-11-20T11:00:00.000Z");
  expect(since(3_600_000, noon + 3_599_999)).toBe("2026-11-20T11:00:00.000Z");
});

it("says of an alert what it is: below its target is not falling", () => {
  expect((["degradation", "feedback_threshold", "budget"] as const).map((kind) => wordOf({ kind, metric: "satisfaction" }))).toEqual(["falling", "below target", "alert"]);
  expect(["cost", "latency", "error_rate", "quality"].map((metric) => wordOf({ kind: "degradation", metric }))).toEqual(["dearer", "slower", "failing", "falling"]);
});

it("finds what has an alert that is open, and shows the worst", () => {
  const alert = (prompt: string | null, severity: string, more: object = {}) => ({ prompt, severity, ...more }) as never;
  const found = alertedPrompts([alert("a", "warning"), alert("a", "critical"), alert("b", "warning", { resolved_at: "2026-11-20" }), alert(null, "critical"), alert("c", "warning", { muted: true })]);
  expect([...found]).toEqual([["a", { prompt: "a", severity: "critical" }]]);
  const both = [alert("a", "critical", { kind: "degradation" }), alert("a", "warning", { kind: "feedback_threshold" })];
  expect([both, [...both].reverse()].map((ones) => alertedPrompts(ones).get("a")?.kind)).toEqual(["feedback_threshold", "feedback_threshold"]);
});

it.each([
  [{ executions: 12, errors: 11, timeouts: 0, rate_limited: 0 }, { words: "11 of 12 runs failed", isMost: true, status: "error" }],
  [{ executions: 1_200, errors: 100, timeouts: 900, rate_limited: 200 }, { words: "all 1,200 runs failed", isMost: true, status: "timeout" }],
  [{ executions: 1, errors: 0, timeouts: 0, rate_limited: 1 }, { words: "its only run failed", isMost: true, status: "rate_limited" }],
  [{ executions: 20, errors: 1, timeouts: 0, rate_limited: 0 }, { words: "1 of 20 runs failed", isMost: false, status: "error" }],
  [{ executions: 21, errors: 1, timeouts: 0, rate_limited: 0 }, null],
  [{ executions: 0, errors: 0, timeouts: 0, rate_limited: 0 }, null],
  [undefined, null],
] as const)("says of %o what is worth saying beside its name: %o", (figures, said) => {
  expect(failingOf(figures)).toEqual(said);
});

it("counts as failed what got no answer, and nothing that was stopped on purpose", () => {
  expect(failedOf({ errors: 3, timeouts: 2, rate_limited: 1, cancelled: 9, blocked: 9 } as never)).toBe(6);
  expect(failedOf(undefined)).toBe(0);
});
