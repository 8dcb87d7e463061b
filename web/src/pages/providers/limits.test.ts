import { expect, it } from "vitest";
import { NEW, changesOf, draftOf, faultsOf, sentOf } from "./limits";

const KEY = { priority: 100, requests_per_minute: 600, tokens_per_minute: null };

it("sends no limit where none is written, so that the provider's own word holds", () => {
  expect(sentOf(NEW)).toEqual({ priority: 100, requests_per_minute: null, tokens_per_minute: null });
  expect(sentOf({ priority: "1", requests: "600", tokens: "90,000" })).toEqual({ priority: 1, requests_per_minute: 600, tokens_per_minute: 90_000 });
});

it("sends what was changed, and takes a limit away that was emptied", () => {
  const base = draftOf(KEY);
  expect(changesOf(base, KEY)).toEqual({});
  expect(changesOf({ ...base, tokens: "90 000" }, KEY)).toEqual({ tokens_per_minute: 90_000 });
  expect(changesOf({ ...base, priority: "5", requests: "" }, KEY)).toEqual({ priority: 5, requests_per_minute: null });
});

it("names by field what the API would refuse", () => {
  expect(faultsOf(NEW)).toEqual({});
  expect(Object.keys(faultsOf({ priority: "", requests: "0", tokens: "many" }))).toEqual(["priority", "requests", "tokens"]);
  expect(Object.keys(faultsOf({ priority: "2000000", requests: "1", tokens: "" }))).toEqual(["priority"]);
  expect(Object.keys(faultsOf({ priority: "1", requests: "1.5", tokens: "9,00" }))).toEqual(["requests", "tokens"]);
});
