import { describe, expect, it } from "vitest";
import { diffLists, diffRows } from "./diff-lines";

function apply(before: string[], after: string[]) {
  const pieces = diffLists(before, after);
  expect(pieces.filter((one) => one.kind !== "in").map((one) => one.text)).toEqual(before);
  expect(pieces.filter((one) => one.kind !== "out").map((one) => one.text)).toEqual(after);
  return pieces.filter((one) => one.kind !== "same").length;
}

describe("a difference", () => {
  it("is as small as it can be", () => {
    expect(apply([..."abcabba"], [..."cbabac"])).toBe(5);
    expect(apply([..."same"], [..."same"])).toBe(0);
    expect(apply([], [..."ab"])).toBe(2);
    expect(apply([..."axb"], [..."ab"])).toBe(1);
  });

  it("gives back both sides, whatever they are", () => {
    let seed = 7;
    const dice = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
    for (let round = 0; round < 300; round++) apply(Array.from({ length: dice(12) }, () => "abc"[dice(3)] ?? ""), Array.from({ length: dice(12) }, () => "abc"[dice(3)] ?? ""));
  });

  it("does not run on for texts that share nothing", () => {
    const many = (mark: string) => Array.from({ length: 5_000 }, (_, n) => `${mark}${n}`);
    expect(apply(many("a"), many("b"))).toBe(10_000);
  });

  it("numbers lines and marks the words within them", () => {
    const rows = diffRows("Answer in English.\nBe brief.\nEnd", "Answer in German.\nBe brief.\nNever guess.\nEnd");
    expect(rows.map((row) => [row.kind, row.before, row.after])).toEqual([["out", 1, null], ["in", null, 1], ["same", 2, 2], ["in", null, 3], ["same", 3, 4]]);
    expect(rows[0]?.pieces).toEqual([{ kind: "same", text: "Answer in " }, { kind: "out", text: "English" }, { kind: "same", text: "." }]);
    expect(rows[1]?.pieces[1]).toEqual({ kind: "in", text: "German" });
  });
});
