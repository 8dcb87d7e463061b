import { describe, expect, it } from "vitest";
import { flag, integer, list, maybeOneOf, numberOrText, oneOf, parseSearch, readState, stringifySearch, text, writeState } from "./url-state";

const shape = { q: text(), range: oneOf(["24h", "7d"], "24h"), version: integer(null), page: integer(1), tag: list(), open: flag(), status: maybeOneOf(["error", "success"]) };

describe("the address", () => {
  it("holds what is not as it is anyway", () => {
    expect(readState(shape, parseSearch(""))).toEqual({ q: "", range: "24h", version: null, page: 1, tag: [], open: false, status: null });
    const search = writeState(shape, {}, { q: "a b&c=d", range: "7d", version: 3, page: 1, tag: ["x", "y"], open: true, status: "error" });
    expect(stringifySearch(search)).toBe("?q=a+b%26c%3Dd&range=7d&version=3&tag=x&tag=y&open=1&status=error");
    expect(readState(shape, parseSearch(stringifySearch(search)))).toEqual({ q: "a b&c=d", range: "7d", version: 3, page: 1, tag: ["x", "y"], open: true, status: "error" });
  });

  it("never breaks by what somebody wrote there", () => {
    expect(readState(shape, parseSearch("?range=century&version=1e9&page=x&open=yes&status=<script>&q=1&q=2"))).toEqual({
      q: "1",
      range: "24h",
      version: null,
      page: 1,
      tag: [],
      open: false,
      status: null,
    });
  });

  it("keeps numbers and truth as the text they are", () => {
    expect(parseSearch("?q=12&tag=true&x=%22a%22")).toEqual({ q: "12", tag: "true", x: '"a"' });
    expect(stringifySearch(parseSearch("?q=12&tag=true&x=%22a%22"))).toBe("?q=12&tag=true&x=%22a%22");
  });

  it("keeps what others put there, and takes out what is as it is anyway", () => {
    expect(writeState(shape, { theirs: "1", q: "old", range: "7d" }, { q: "", range: "24h" })).toEqual({ theirs: "1" });
    expect(writeState(shape, { q: "old" }, { page: 2 })).toEqual({ q: "old", page: "2" });
  });
});

it("keeps what can be no number as it was written", () => {
  const shape = { v: numberOrText() };
  expect(["3", "-1", "abc", "v2", "1.5", "9".repeat(16), "", undefined].map((v) => readState(shape, v === undefined ? {} : { v }).v)).toEqual([3, -1, "abc", "v2", "1.5", "9".repeat(16), null, null]);
  expect([3, "abc", null].map((v) => writeState(shape, {}, { v }))).toEqual([{ v: "3" }, { v: "abc" }, {}]);
});
