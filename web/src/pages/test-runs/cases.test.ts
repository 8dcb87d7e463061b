import { expect, it } from "vitest";
import type { FailedCase, Run } from "./model";
import { casesOf, verdictOf } from "./cases";

const cases = casesOf({
  test_cases: [{ name: "one", variables: { b: 1, a: "x" }, expected: { q: 1, p: true } }, { input: "text", criteria: " kind ", metadata: { synthetic: true } }, { input: "third", expected: "  " }],
  success_criteria: ["short", " "],
});

it("shows each case with what it expects and all that it is judged by", () => {
  expect(cases.map(({ name, expected, criteria, isMadeUp }) => [name, expected, criteria, isMadeUp])).toEqual([
    ["one", '{"p":true,"q":1}', ["short"], false],
    ["Case 2", null, ["kind", "short"], true],
    ["Case 3", null, ["short"], false],
  ]);
  expect(casesOf({})).toEqual([]);
});

it("calls right what a whole run does not list as failed, and nothing of a run that goes on", () => {
  const failed = [{ input: { a: "x", b: 1 }, output: "no", scores: {} } as unknown as FailedCase];
  const said = (run: Partial<Run>) => cases.slice(0, 2).map((one) => verdictOf(one, run as Run, failed));
  expect(said({ status: "completed", failed_cases_left_out: 0 })).toEqual([failed[0], true]);
  expect(said({ status: "running" })).toEqual([failed[0], null]);
  expect(said({ status: "completed", failed_cases_left_out: 3 })).toEqual([failed[0], null]);
});
