import { expect, it } from "vitest";
import { ending, farOf, standing } from "./model";

it("counts what is over, not what went well", () => {
  expect(farOf({ steps: 5, over: 3, done: 1, skipped: 2, pending: 2 })).toEqual({ done: 3, total: 5 });
});

it("says the outcome where there is one, else the state", () => {
  expect(standing({ state: "done", outcome: "worse" })).toEqual({ word: "worse", tone: "warn" });
  expect(standing({ state: "searching", outcome: "worse" })).toEqual({ word: "looking for a text", tone: "accent" });
  expect(standing({ state: "skipped", outcome: "not_measured" }).word).toBe("skipped");
});

it("lists models that end, the soonest first", () => {
  const models = [{ id: "a" }, { id: "b", sunset_at: "2027-03-01" }, { id: "c", retired_at: "2026-01-01", sunset_at: "2027-01-01" }];
  expect(ending(models).map((one) => one.id)).toEqual(["c", "b"]);
});
