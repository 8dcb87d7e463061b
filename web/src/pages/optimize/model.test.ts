import { expect, it } from "vitest";
import { type Edit, addedBy, curveOf, dotsOf, editInWords, endsOfBest, isCutShort, isOfEdits, isRightOrWrong, listsOf, paired, ranked, startedBy, statusNow, sumOf, waitingWords, whyEnded, whyInShort, whyNoEdits } from "./model";

it("does not wait to begin beside evaluations that are done", () => {
  expect([statusNow("pending", 0), statusNow("pending", 212), statusNow("completed", 9)]).toEqual(["pending", "running", "completed"]);
});

it("promises seconds to a search that waits for seconds alone", () => {
  expect(waitingWords(20_000)).toContain("starts within seconds");
  expect(waitingWords(20_000, "optimizer")).toBe("Waiting to begin");
  expect(waitingWords(200_000)).toMatch(/^Waiting to begin for 3\smin$/);
});

it("draws the curve from nothing, and spending up to now", () => {
  const progress = { evaluations: 300, spent_nusd: 90, best: 0.2, budget_evaluations: 800, curve: [{ evaluations: 200, spent_nusd: 60, best: 0.1 }] };
  expect(curveOf(progress)).toEqual({
    best: [{ x: 0, value: 0 }, { x: 200, value: 0.1 }, { x: 300, value: 0.2 }],
    spent: [{ x: 0, value: 0 }, { x: 200, value: 60 }, { x: 300, value: 90 }],
  });
  expect(curveOf({ ...progress, curve: undefined }).best).toEqual([]);
});

it("lets a bad beginning not flatten what follows", () => {
  const line = (...values: number[]) => values.map((value, at) => ({ x: at * 40, value }));
  expect(endsOfBest(line(0, -0.8, -0.3, 0, 0.04, 0.06, 0.05, 0.08, 0.07, 0.1, 0.1, 0.11))).toEqual([0, 0.12]);
  expect(endsOfBest(line(0, -0.05, 0, 0.02, 0.04, 0.06, 0.05, 0.08))).toBeUndefined();
  expect(endsOfBest(line(0, -0.8, -0.8, -0.75, -0.78))).toBeUndefined();
  expect([endsOfBest([]), endsOfBest(line(0, -0.8))]).toEqual([undefined, undefined]);
});

it("says why a search ended, also by a word that it does not know", () => {
  expect(whyEnded({ outcome: "improved", finish_reason: "proven_on_test" })).toContain("proven");
  expect(whyEnded({ outcome: "no_improvement", finish_reason: "suspended" })).toContain("suspended");
  expect(whyEnded({ outcome: null, finish_reason: "sun_went_down" })).toBe("It ended: sun went down.");
  expect(whyEnded({ outcome: null, finish_reason: null })).toBeNull();
  const lacking = [{ what: "test_items", have: 3, needed: 20 }, { what: "train_items", have: 5, needed: 10 }];
  expect(whyEnded({ outcome: "not_enough_data", finish_reason: "too_few_test_items", report: { lacking } })).toContain("There are 3 of at least 20 test items, 5 of at least 10 train items.");
});

it("tells a list why a search ended where its outcome does not", () => {
  expect(whyInShort({ outcome: "no_improvement", finish_reason: "nothing_to_gain" })).toBe("nothing to gain");
  expect(whyInShort({ outcome: "improved", finish_reason: "proven_then_out_of_budget" })).toBe("proven, then out of budget");
  const told = [["improved", "proven_on_test"], ["no_headroom", "no_headroom"], ["no_improvement", null]] as const;
  expect(told.map(([outcome, finish_reason]) => whyInShort({ outcome, finish_reason }))).toEqual([null, null, null]);
});

it("puts chosen edits first and rejected ones last", () => {
  const edit = (text: string, state: Edit["state"], effect?: number): Edit => ({ section: "rules", operation: "add", text, rationale: "", state, effect });
  const found = ranked([edit("r", "rejected"), edit("a", "alive", 0.3), edit("c", "chosen", 0.01), edit("d", "chosen", 0.2)]);
  expect(found.map((one) => one.text)).toEqual(["d", "c", "a", "r"]);
});

it("calls answers right only where nothing but accuracy is looked at", () => {
  expect([isRightOrWrong(undefined), isRightOrWrong([{ metric: "accuracy" }]), isRightOrWrong([{ metric: "relevance" }]), isRightOrWrong([{ metric: "accuracy" }, { metric: "length" }])]).toEqual([true, true, false, false]);
});

it("says why nothing is listed of a search", () => {
  const said = (status: string, method = "racing") => whyNoEdits({ status, method } as never);
  expect(said("cancelled")).toBe("Nothing is known of any edit: it ended early.");
  expect([said("completed"), said("running")]).toEqual(["The search ended before anything was proposed.", "They are listed when the search ends."]);
  expect(said("cancelled", "evolutionary")).toContain("no single edits");
});

it("knows a search that was cut short", () => {
  const isCut = (status: string, finish_reason: string | null) => isCutShort({ status, finish_reason } as never);
  expect([isCut("cancelled", "cancelled"), isCut("failed", null), isCut("completed", "out_of_time"), isCut("completed", "suspended")]).toEqual([true, true, true, true]);
  expect([isCut("completed", "not_confirmed"), isCut("completed", "proven_then_out_of_budget"), isCut("running", null)]).toEqual([false, false, false]);
});

it("pairs messages by their places", () => {
  expect(paired([{ role: "system", content: "a" }], [{ role: "system", content: "b" }, { role: "user", content: ["x"] }])).toEqual([
    { role: "system", before: "a", after: "b" },
    { role: "user", before: "", after: '[\n  "x"\n]' },
  ]);
});

it("says what began a search that nobody asked for", () => {
  expect(["system:schedule", "system:alert_policy", "user:1"].map((created_by) => startedBy({ created_by })?.said)).toEqual(["by a schedule", "by an alert", undefined]);
});

it("counts what an edit adds, and tells it in one line", () => {
  const edits = [{ operation: "add", text: "Be brief." }, { operation: "delete", text: "", line: "Be long." }, { operation: "replace", text: "No.", line: "Yes, please." }];
  expect(edits.map(addedBy)).toEqual([9, -8, -9]);
  expect(edits.map(editInWords)).toEqual(["Be brief.", "Take out: Be long.", "Yes, please. → No."]);
});

it("lets edits be taken one by one only where they are all there is", () => {
  const edit = { section: "rules", operation: "add", text: "a", rationale: "", state: "chosen" };
  const suggestion = (evidence: object, content: object) => ({ evidence, content }) as never;
  expect(isOfEdits(suggestion({ edits: [edit, edit] }, { messages: [] }))).toBe(true);
  expect(isOfEdits(suggestion({ edits: [edit] }, { messages: [] }))).toBe(false);
  expect(isOfEdits(suggestion({ edits: [edit, edit] }, { messages: [], temperature: 0 }))).toBe(false);
  expect(isOfEdits(suggestion({ edits: [edit, edit], variants: [{ model: "m" }] }, { messages: [] }))).toBe(false);
});

it("draws no whole texts among the edits: their lengths are no measure of what they add", () => {
  const edit = { section: "whole", operation: "try", text: "All of it anew.", rationale: "", state: "dropped", effect: -0.1, effect_low: -0.2, effect_high: 0, observations: 12, reason: "not better" } as Edit;
  expect(dotsOf([edit])).toEqual([]);
  expect(dotsOf([{ ...edit, operation: "add", section: "rules" }])).toHaveLength(1);
});

it("draws the edits that were tried, and not what was supposed of the others", () => {
  const edit = (observations: number): Edit => ({ section: "rules", operation: "add", text: "abc", rationale: "", state: "alive", effect: 0.1, effect_low: 0, effect_high: 0.2, observations });
  expect(dotsOf([edit(0), edit(40)])).toMatchObject([{ key: "1", x: 3, y: 0.1, tone: "plain" }]);
});

it("lists what was proposed for each model, and for the one of a job that has but one", () => {
  const counts = { chosen: 1, alive: 0, dropped: 2, rejected: 0 };
  const models = [{ model: "a", main: false, counts }, { model: "b", main: true, counts }];
  expect(listsOf({ report: { models }, edits: [], models: { task: "a" } })).toEqual(models);
  const edits = [{ state: "chosen" }, { state: "rejected" }, { state: "rejected" }];
  expect(listsOf({ report: {}, edits, models: { task: "a" } })).toEqual([{ model: "a", main: true, counts: { chosen: 1, alive: 0, dropped: 0, rejected: 2 } }]);
  expect([sumOf(counts), sumOf(listsOf({ report: {}, edits: null, models: {} })[0]!.counts)]).toEqual([3, 0]);
});
