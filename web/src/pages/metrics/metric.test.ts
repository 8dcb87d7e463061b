import { expect, test } from "vitest";
import { bodyOf, boundsOf, draftOf, wrongIn } from "./metric";

const metric = { name: "seconds", type: "duration_ms", direction: "lower", min: null, max: 3_600_000, updated_by: "", updated_at: "" } as const;

test("a metric goes through its form unharmed", () => {
  expect(bodyOf(draftOf(metric))).toEqual({ type: "duration_ms", direction: "lower", min: null, max: 3_600_000 });
  expect(bodyOf({ ...draftOf(null), min: "1" })).toEqual({ type: "binary", direction: "higher" });
  expect(wrongIn({ ...draftOf(metric), min: "much" })).toHaveProperty("min");
  expect(wrongIn({ ...draftOf(metric), type: "binary", min: "much" })).toEqual({});
  expect(["a/b", "1st", "was it", "é"].map((name) => wrongIn({ ...draftOf(null), name }).name)).toEqual(Array(4).fill("A letter, then letters, digits, _, . or -."));
  expect(["", "converted", "A.b_c-9"].map((name) => wrongIn({ ...draftOf(null), name }))).toEqual([{}, {}, {}]);
});

test("bounds are told with their units", () => {
  expect([boundsOf(metric), boundsOf({ type: "number", min: -1, max: null }), boundsOf({ type: "money", min: null, max: 10 }), boundsOf({ type: "number", min: null, max: null }), boundsOf({ type: "binary" })]).toEqual([
    "0\u00a0ms to 1\u00a0h", "at least \u22121", "at most 10", "any", "0 or 1",
  ]); // prettier-ignore
});
