import { expect, it } from "vitest";
import { formOf, isSameForm, orderThatDiffers, readDeadline, readDefault, settingsThatDiffer, stepText, stepsThatDiffer } from "./form";

const step = (id: string, more: object = {}) => ({ id, prompt: "p", ...more });

it("finds the steps that differ, whatever the order of their keys, with those that are gone at the end", () => {
  const before = [step("a", { if: "x" }), step("b"), step("c")];
  const after = [{ if: "x", prompt: "p", id: "a" }, step("d"), step("b", { retries: 2 })];
  expect(stepsThatDiffer(before, after).map((one) => [one.id, Boolean(one.before), Boolean(one.after)])).toEqual([["d", false, true], ["b", true, true], ["c", true, false]]); // prettier-ignore
});

it("tells a change of order apart from steps that come and go", () => {
  expect(orderThatDiffers([step("a"), step("b"), step("c")], [step("b"), step("a")])).toEqual({ before: "a, b", after: "b, a" });
  expect(orderThatDiffers([step("a"), step("b")], [step("a"), step("c"), step("b")])).toBeNull();
});

it("tells variables, output and deadline that differ", () => {
  const before = formOf({ steps: [], parameters: { a: {}, b: { type: "string" } }, output: "steps.a.output" });
  const after = formOf({ steps: [], parameters: { b: { type: "number", default: 3, description: "How many" }, c: { required: false } }, output: { y: "steps.b.output", x: "1" }, deadline_s: 60 });
  expect(settingsThatDiffer(before, after)).toEqual([
    { name: "Variable a", before: "any type", after: null },
    { name: "Variable b", before: "string", after: "number, default 3: How many" },
    { name: "Variable c", before: null, after: "any type, may be left out" },
    { name: "Output", before: "steps.a.output", after: "x: 1\ny: steps.b.output" },
    { name: "Deadline", before: null, after: "60 s" },
  ]);
  expect(isSameForm(formOf({ steps: [], output: {} }), formOf({ steps: [] }))).toBe(true);
  expect(settingsThatDiffer(formOf({ steps: [] }), formOf({ steps: [], parameters: {} }))).toEqual([{ name: "Variables", before: "any", after: "none" }]);
  expect(settingsThatDiffer(formOf({ steps: [], parameters: {} }), formOf({ steps: [], parameters: { constructor: {} } }))).toContainEqual({ name: "Variable constructor", before: null, after: "any type" });
  expect(isSameForm(formOf({ steps: [], parameters: { a: { default: "" } } }), formOf({ steps: [], parameters: { a: {} } }))).toBe(false);
});

it("reads a step by what it is called and does first", () => {
  expect(stepText({ retries: 2, variables: { b: "2", a: "1" }, prompt: "p", id: "x", if: "" })).toBe('{\n  "id": "x",\n  "prompt": "p",\n  "retries": 2,\n  "variables": {\n    "a": "1",\n    "b": "2"\n  }\n}');
  expect(stepText(undefined)).toBe("");
});

it("reads defaults by their type, and seconds", () => {
  expect([readDefault("string", "3"), readDefault("number", "3"), readDefault(null, "")]).toEqual([{ value: "3" }, { value: 3 }, { value: undefined }]);
  expect([readDefault("object", "{"), readDeadline("0"), readDeadline("3601"), readDeadline("1,5")].every((one) => "fault" in one)).toBe(true);
  expect([readDeadline(" "), readDeadline("2.5")]).toEqual([{ value: null }, { value: 2.5 }]);
});
