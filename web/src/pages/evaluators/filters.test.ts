import { expect, test } from "vitest";
import { filterDraftOf, filterWords, filtersOf, wrongInFilters } from "./filters";

const filters = { tag: "support", model: "simulated/chat", metadata: { team: "north", "a.b": "x=y" }, min_cost_nusd: 2_000_000, min_latency_ms: 1500, provider: "simulated", cached: false };

test("filters go through a form unharmed, also those that it does not show", () => {
  expect(filtersOf(filterDraftOf(filters))).toEqual(filters);
  expect(filtersOf(filterDraftOf({}))).toEqual({});
});

test("a line of metadata names a key and a value", () => {
  expect(wrongInFilters({ ...filterDraftOf({}), metadata: "team" })).toHaveProperty("metadata");
  expect(wrongInFilters({ ...filterDraftOf({}), metadata: "team=north\n\nlang=" })).toEqual({});
  expect(wrongInFilters({ ...filterDraftOf({}), cost: "x", time: "y" })).toEqual({ cost: "An amount in dollars.", time: "A time in seconds." });
});

test("filters are told in words", () => {
  expect(filterWords({ model: "m", metadata: { team: "north" }, reaction: "down", tag: null })).toBe("by m, team = north, with a thumb down");
});
