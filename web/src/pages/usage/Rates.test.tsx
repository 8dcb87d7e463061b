import { expect, it } from "vitest";
import { rowsOf, wordsOf } from "./Rates";

const use = { per_minute: 60, at_once: 13, remaining: 13, reset_s: 0 };

it("says how many of the calls at once have begun, and when all may again", () => {
  expect(wordsOf(use)).toBe("0 of 13 at once");
  expect(wordsOf({ ...use, remaining: 12, reset_s: 0.4 })).toBe("1 of 13 at once, free again in under a second");
  expect(wordsOf({ ...use, remaining: 0, reset_s: 12.2 })).toBe("13 of 13 at once, free again in 13 s");
});

it("puts the workspace before its keys", () => {
  const keys = [{ ...use, api_key_id: "k", name: "ci" }];
  expect(rowsOf({ workspace: use, api_keys: keys, tokens: { workspace: null, api_keys: [] } }).map((one) => [one.key, one.name])).toEqual([["calls workspace", null], ["calls k", "ci"]]);
  expect(rowsOf({ workspace: use, api_keys: [], tokens: { workspace: use, api_keys: keys } }).map((one) => [one.of, one.name])).toEqual([["calls", null], ["tokens", null], ["tokens", "ci"]]);
});
