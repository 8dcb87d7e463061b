import { expect, it } from "vitest";
import { editedPieces } from "./pieces";

it.each([
  ["nothing", "ab\ncd\nef", ["ab", "cd", "ef"]],
  ["in the first", "Xab\ncd\nef", ["Xab", "cd", "ef"]],
  ["at the end of the first", "abX\ncd\nef", ["abX", "cd", "ef"]],
  ["at the beginning of the second", "ab\nXcd\nef", ["ab", "Xcd", "ef"]],
  ["a line more in the second", "ab\nc\nd\nef", ["ab", "c\nd", "ef"]],
  ["all of the second", "ab\n\nef", ["ab", "", "ef"]],
  ["at the end", "ab\ncd\nefX", ["ab", "cd", "efX"]],
  ["what parts two of them", "abcd\nef", ["abcd", null, "ef"]],
  ["over two of them", "aX\nYf", ["aX\nYf", null, null]],
  ["everything", "new", ["new", null, null]],
  ["all taken out", "", ["", null, null]],
])("puts a change into the piece it was made in: %s", (_, edited, pieces) => {
  expect(editedPieces(["ab", "cd", "ef"], edited)).toEqual(pieces);
});

it("tells pieces that are alike apart", () => {
  expect(editedPieces(["a", "a"], "a\naa")).toEqual(["a", "aa"]);
  expect(editedPieces([], "new")).toEqual([]);
});
