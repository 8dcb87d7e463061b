import { expect, it } from "vitest";
import { over, text } from "@/lib/url-state";
import { type View, filterNames, inWords, isSame, keptOf, leftOutOf, namedAlike, shown } from "./views";

const NAMES = ["prompt", "status", "user", "session"];
const view = (name: string, filters: View["filters"]): View => ({ id: name, place: "runs", name, filters, updated_by: "user:ann", updated_at: "2026-11-29T00:00:00Z" });

it("keeps filters, and neither people nor what lies over the page", () => {
  expect(filterNames({ prompt: text(), run: over(text()) })).toEqual(["prompt"]);
  expect(keptOf({ prompt: "triage", user: "ann", run: "x", status: "" }, NAMES)).toEqual({ prompt: "triage" });
  expect(leftOutOf({ user: "ann", session: "s" }, NAMES)).toBe("the end user and the session");
  expect(leftOutOf({ user: "ann" }, ["prompt"])).toBeNull();
});

it("puts a view in place of all filters that hold, and leaves the rest of the address", () => {
  expect(shown(view("Slow", { status: "timeout", odd: "1" }), { prompt: "triage", user: "ann", to: "set" }, NAMES)).toEqual({ to: "set", status: "timeout" });
});

it("knows filters again in another order", () => {
  expect(isSame({ status: "error", tag: ["a", "b"] }, { tag: ["a", "b"], status: "error" })).toBe(true);
  expect(isSame({ status: "error" }, { status: "timeout" })).toBe(false);
  expect(isSame({ tag: ["a", "b"] }, { tag: ["b", "a"] })).toBe(false);
});

it("says filters in words, and finds a name in whatever case", () => {
  expect(inWords({ status: "error", tag: ["a", "b"] })).toBe("status error · tag a, b");
  expect(inWords({})).toBe("no filter");
  expect(namedAlike([view("Slow ones", {})], " slow ONES ")?.name).toBe("Slow ones");
  expect(namedAlike([view("Slow ones", {})], "slow")).toBeNull();
});
