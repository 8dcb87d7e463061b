import { expect, it } from "vitest";
import { parseMessages } from "@/lib/template";
import { NOT_KEPT } from "@/lib/values";
import { readValue, valuesOf } from "./samples";

it("turns what was typed into what the variables want", () => {
  const template = parseMessages([
    { role: "user", content: '{{user.name}} {{user.age: number}} {{tone = "kind"}} {{topics: array}}' },
    { role: "placeholder", name: "history", optional: true },
  ]);
  const found = valuesOf(template, { "user.name": "Ada", "user.age": "36", topics: "[1" });
  expect(found.values).toEqual({ user: { name: "Ada", age: 36 } });
  expect(found.missing).toEqual([]);
  expect(Object.keys(found.faults)).toEqual(["topics"]);
  expect(valuesOf(template, {}).missing).toEqual(["user.name", "user.age", "topics"]);
});

it("keeps text as text, whatever it looks like", () => {
  expect(readValue("12", null)).toEqual({ value: "12" });
  expect(readValue("12", "number")).toEqual({ value: 12 });
  expect(readValue("true", "number")).toEqual({ fault: "This is boolean, not number." });
});

it("takes nothing for a sample that was not typed, and no name of a file that is not here", () => {
  const template = parseMessages([{ role: "user", content: "{{constructor}} {{text}} {{n: number}}" }, { role: "placeholder", name: "hasOwnProperty" }]);
  const lost = `omitted:application/pdf;bytes=4032;sha256=${"ab".repeat(32)}`;
  const { values, faults, missing } = valuesOf(template, { text: lost, n: "true" });
  expect([values, faults, missing]).toEqual([{}, { text: NOT_KEPT, n: "This is boolean, not number." }, ["constructor", "hasOwnProperty"]]);
});
