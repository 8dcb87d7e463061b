import { expect, it } from "vitest";
import { LONG_LINE, firstLongLine } from "./long-lines";

it("finds the first line that is too long for marks", () => {
  const long = "x".repeat(LONG_LINE + 1);
  expect(firstLongLine(long)).toBe(1);
  expect(firstLongLine(`a\n\n${long}\nb`)).toBe(3);
  expect(firstLongLine(`a\n${long}`)).toBe(2);
  expect([firstLongLine(""), firstLongLine("x".repeat(LONG_LINE)), firstLongLine("ab\n".repeat(LONG_LINE))]).toEqual([null, null, null]);
});
