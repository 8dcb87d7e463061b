import { expect, it } from "vitest";
import { partsOf } from "./parts";

it("cuts a long file where the API would not take more, and knows each line's number", () => {
  expect(partsOf("a\n\nb\nc\n", { lines: 3, bytes: 100 })).toEqual([
    { text: "a\n\nb", from: 1, lines: 2 },
    { text: "c\n", from: 4, lines: 1 },
  ]);
  expect(partsOf("ä\nb", { lines: 10, bytes: 4 }).map((one) => one.from)).toEqual([1, 2]);
  expect(partsOf("\ufeff\n \n")).toEqual([]);
});
