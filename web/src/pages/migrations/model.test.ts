import { expect, it } from "vitest";
import { duration } from "@/lib/format";
import { ending, farOf, standing, toldOf } from "./model";

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

it("says all that the searches of a move were told, and of a move of before what was kept", () => {
  const search = {
    method: "evolutionary",
    evolutionary: { population: 6, selection: "pareto" },
    models: { reflect: "simulated/reader", judge: "simulated/judge" },
    metrics: [{ metric: "accuracy", weight: 2 }, { metric: "length", at_most: 400 }, { metric: "cost", weight: 1, zero_at: 2_000_000 }],
    constraints: { changed_lines_most: 3, anchors: ["a", "b"] },
    seed: 0,
    budget: { evaluations: 800, credits: 5, seconds: 120 },
  };
  expect(toldOf(search)).toEqual([
    ["Method", "Evolutionary"],
    ["Population", "6"],
    ["Selection", "pareto"],
    ["Changed lines most", "3"],
    ["Edits proposed by", "simulated/reader"],
    ["Judged by", "simulated/judge"],
    ["What counts", "Right (equal to the expected answer), weight 2; Length of an answer, at most 400 characters; Cost of an answer, weight 1, nothing at $0.002"],
    ["Must stay right", "2 items"],
    ["Seed", "0"],
    ["Evaluations of each, at most", "800"],
    ["Cost of each, at most", "$0.05"],
    ["Time of each, at most", duration(120_000)],
  ]);
  expect(toldOf({ method: "racing", budget: { evaluations: 2000, credits: null, seconds: null } })).toEqual([
    ["Method", "Racing edits"],
    ["Evaluations of each, at most", "2,000"],
  ]);
});
