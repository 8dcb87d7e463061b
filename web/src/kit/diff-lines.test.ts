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

  it("is the least of all, as trying every way finds it", () => {
    let seed = 11;
    const dice = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const least = (a: string[], b: string[]): number => {
      let above = Array.from({ length: b.length + 1 }, (_, y) => y);
      for (let x = 1; x <= a.length; x++) {
        const here = [x];
        for (let y = 1; y <= b.length; y++) here.push(a[x - 1] === b[y - 1] ? (above[y - 1] ?? 0) : 1 + Math.min(above[y] ?? 0, here[y - 1] ?? 0));
        above = here;
      }
      return above[b.length] ?? 0;
    };
    for (let round = 0; round < 300; round++) {
      const [before, after] = [0, 1].map(() => Array.from({ length: dice(30) }, () => "abcd"[dice(4)] ?? "")) as [string[], string[]];
      expect(apply(before, after)).toBe(least(before, after));
    }
  });

  it("does not run on for texts that share nothing", () => {
    const many = (mark: string) => Array.from({ length: 5_000 }, (_, n) => `${mark}${n}`);
    expect(apply(many("a"), many("b"))).toBe(10_000);
  });

  it.each([
    ["返金の手紙を書いてください。", "返金の手紙を読んでください。", [["書いて"], ["読んで"]]],
    ["请用英文回答", "请用中文回答", [["英"], ["中"]]],
    ["ตอบที่นี่", "ตอบที่นั่น", [["นี่"], ["นั่น"]]],
    ["Use GPT用の鍵", "Use GPT用の錠", [["鍵"], ["錠"]]],
  ])("marks the characters of scripts without blanks: %s", (before, after, marked) => {
    const of = (kind: string, row: ReturnType<typeof diffRows>[number] | undefined) => row?.pieces().filter((one) => one.kind === kind).map((one) => one.text); // prettier-ignore
    const rows = diffRows(before, after);
    expect([of("out", rows[0]), of("in", rows[1])]).toEqual(marked);
  });

  it("numbers lines and marks the words within them", () => {
    const rows = diffRows("Answer in English.\nBe brief.\nEnd", "Answer in German.\nBe brief.\nNever guess.\nEnd");
    expect(rows.map((row) => [row.kind, row.before, row.after])).toEqual([["out", 1, null], ["in", null, 1], ["same", 2, 2], ["in", null, 3], ["same", 3, 4]]);
    expect(rows[0]?.pieces()).toEqual([{ kind: "same", text: "Answer in " }, { kind: "out", text: "English" }, { kind: "same", text: "." }]);
    expect(rows[1]?.pieces()[1]).toEqual({ kind: "in", text: "German" });
  });
});

it("takes no line out of a text that was empty, and puts none into one that is", () => {
  expect(diffRows("", "one\ntwo").map((row) => row.kind)).toEqual(["in", "in"]);
  expect(diffRows("one", "").map((row) => row.kind)).toEqual(["out"]);
  expect(diffRows("one", "one\n").map((row) => row.kind)).toEqual(["same", "in"]);
});
