import { expect, it } from "vitest";
import { type Step, after, beginnings, everyStep, freshId, lean, moved, replaced, without } from "./chain";

const STEPS: Step[] = [
  { id: "a", prompt: "one" },
  { id: "b", parallel: [[{ id: "c", prompt: "two" }], [{ id: "d", prompt: "three", fallback: [{ id: "e", prompt: "four" }] }]] },
  { id: "f", choose: [{ if: "steps.a.json.x == 1", steps: [{ id: "g", prompt: "five" }, { id: "h", prompt: "six" }] }, { steps: [{ id: "i", stop: { status: "error" } }] }] },
];
const ids = (steps: Step[]) => everyStep(steps).map((step) => step.id).join("");

it("finds every step, however deep", () => {
  expect(ids(STEPS)).toBe("abcdefghi");
});

it("changes, adds, moves and takes away where the step stands, and nothing else", () => {
  expect(everyStep(replaced(STEPS, "e", { id: "e", prompt: "new" })).find((step) => step.id === "e")?.prompt).toBe("new");
  expect(ids(after(STEPS, "g", { id: "z", prompt: "x" }))).toBe("abcdefgzhi");
  expect(ids(moved(STEPS, "h", -1))).toBe("abcdefhgi");
  expect(ids(moved(STEPS, "a", -1))).toBe("abcdefghi");
  expect(ids(without(STEPS, "g"))).toBe("abcdefhi");
  expect(ids(without(STEPS, "c"))).toBe("abcdefghi");
  expect(ids(STEPS)).toBe("abcdefghi");
});

it("begins a step with what is there", () => {
  expect(freshId([{ id: "step_2", prompt: "x" }])).toBe("step_3");
  expect(beginnings(["ticket", "mood"], ["ticket"], "triage")).toEqual({ ticket: "variables.ticket", mood: "steps.triage.output" });
});

it("sends only what says something", () => {
  expect(lean({ id: "a", prompt: "x", if: "", model: null, fallback: [{ id: "b", prompt: "y", retries: null }] })).toEqual({ id: "a", prompt: "x", fallback: [{ id: "b", prompt: "y" }] });
});
