import { expect, it } from "vitest";
import { cameBefore, type FailedCase, OTHER, byItem, cellsOf, columnOf, countsOf, filterCases, groundsOf, kept, labelOf, resultOf, runsOf, scoresOf } from "./model";

const failed = (id: string, expected: string, output: string | null): FailedCase => ({ item_id: id, execution_id: id, input: { ticket: `text ${id}` }, expected, output, error: null, scores: {} });
const labels = new Set(["a", "b"]);

it("puts an answer into the column of its label, all else into the other one", () => {
  expect([" a\n", "I think a", null].map((output) => columnOf({ output }, labels))).toEqual(["a", OTHER, OTHER]);
  expect(cellsOf({ a: { a: 2, b: 1 } })).toEqual([{ expected: "a", predicted: "a", count: 2 }, { expected: "a", predicted: "b", count: 1 }]);
});

it("finds the cases of a cell of JSON answers however they are spelled", () => {
  expect(labelOf(' {"b": [1.0, true], "a": {"d": null, "c": "ü"}} ')).toBe('{"a":{"c":"ü","d":null},"b":[1,true]}');
  expect(["{billing}", " 1.0 ", "a"].map(labelOf)).toEqual(["{billing}", "1.0", "a"]);
  const [one, other] = ['{ "q": "a" }', '{"q":"b"}'];
  const cases = [failed("1", one, '{"q": "b"}'), failed("2", other, "hm")];
  expect(filterCases(cases, { expected: one, got: other, q: "" }, new Set([one, other])).map(({ item_id }) => item_id)).toEqual(["1"]);
});

it("leaves the cases of one cell, or of some words", () => {
  const cases = [failed("1", "a", "b"), failed("2", "a", "hm"), failed("3", "b", "a")];
  const ids = (filter: { expected?: string; got?: string; q?: string }) => filterCases(cases, { expected: "", got: "", q: "", ...filter }, labels).map((one) => one.item_id);
  expect(ids({ expected: "a", got: OTHER })).toEqual(["2"]);
  expect(ids({ got: "a" })).toEqual(["3"]);
  expect(ids({ q: "TEXT 1" })).toEqual(["1"]);
});

it("names an item once that was asked several times, with how often it failed whatever a filter leaves", () => {
  const of = (item: string, repeat: number, output: string) => ({ ...failed(item, "a", output), execution_id: `${item}.${repeat}` });
  const all = [of("1", 0, "b"), of("1", 2, "hm"), of("2", 1, "b")];
  const told = (cases: FailedCase[], leftOut = 0) => byItem(cases, all, leftOut).map((one) => [one.key, one.cases.map((other) => other.output), one.failed, one.isLeast]);
  expect(told(all)).toEqual([["1.0", ["b", "hm"], 2, false], ["2.1", ["b"], 1, false]]);
  expect(told(all.slice(1), 4)).toEqual([["1.2", ["hm"], 2, false], ["2.1", ["b"], 1, true]]);
});

it("reads what has come so far of a run that goes on", () => {
  const run = { status: "running", partial_results: { cost_nusd: 7, failed_cases: [failed("1", "a", "b")] } } as never;
  expect(resultOf(run)).toMatchObject({ costNusd: 7, leftOut: 0, metrics: null });
});

it("says once what a comparison rests on", () => {
  const one = { items: 198, only_in_run: 0, only_in_base: 0, test: "mcnemar", p_value: 0.0004, verdict: "worse", items_needed: 90, smallest_difference: 0.05 } as const;
  const words = (other: Partial<Omit<typeof one, "verdict" | "items_needed" | "items" | "only_in_run">> & { verdict?: "better" | "worse" | "no_difference" | "too_small"; items_needed?: number | null; items?: number; only_in_run?: number }) => groundsOf({ ...one, ...other }).replaceAll("\u00a0", " ");
  expect(words({})).toBe("Over 198 items that both answered. Exact McNemar, p < 0.001.");
  expect(words({ only_in_run: 2 })).toContain("answered; 2 only here and 0 only there are left out.");
  expect(words({ verdict: "no_difference" })).toMatch(/A difference of 5\.0 pts or more would probably have shown\.$/);
  expect(words({ verdict: "too_small" })).toMatch(/About 90 items would settle it\.$/);
  expect(words({ verdict: "too_small", items: 12 })).toMatch(/fewer than 30 items nothing is claimed\.$/);
});

it("counts a run of each version by each model, and one where nothing is named", () => {
  expect([runsOf([], []), runsOf(["1", "2"], []), runsOf([], ["a", "b", "c"]), runsOf(["1", "2"], ["a", "b", "c"])]).toEqual([1, 2, 3, 6]);
});

it("counts what each filter of a comparison leaves, of one category too (D3)", () => {
  const one = { items: 10, fixed: 3, broken: 1, categories: [{ category: "a", items: 4, base: 0, accuracy: 0.5, fixed: 2, broken: 0 }] };
  expect(countsOf(one, "")).toEqual({ all: 10, fixed: 3, broken: 1, same: 6 });
  expect(countsOf(one, "a")).toEqual({ all: 4, fixed: 2, broken: 0, same: 2 });
  expect(countsOf(one, "gone")).toEqual({ all: 0, fixed: 0, broken: 0, same: 0 });
});

it("says why there is no text of an answer, and lists what evaluators said of both (D3)", () => {
  const answer = { execution_id: "e", output: "x", correct: true, status: "success", error: null, cost_nusd: 1, latency_ms: 2, answered_at: "", scores: null };
  expect(kept(answer)).toEqual({ text: "x", instead: "" });
  expect(kept({ ...answer, output: null, error: { message: "Timed out." } })).toEqual({ text: null, instead: "Timed out." });
  expect(kept({ ...answer, output: null }).instead).toContain("not kept");
  expect(kept(null).instead).toContain("not asked so often");
  const side = (scores: Record<string, unknown> | null) => ({ right: 1, asked: 1, answer: { ...answer, scores } });
  const verdict = { score: 0.5, passed: false };
  expect(scoresOf({ base: side({ j: verdict }), run: side(null), evaluators: { j: "tone", k: "length" } })).toEqual([
    { id: "j", name: "tone", base: verdict, run: undefined },
    { id: "k", name: "length", base: undefined, run: undefined },
  ]);
});

it("says of how many answers the figures are where a run did not come to its end", () => {
  expect([cameBefore(17, 2_514), cameBefore(0, 2_514)]).toEqual(["What came before stands below: 17 of 2,514 answers.", "Nothing had come."]);
});
