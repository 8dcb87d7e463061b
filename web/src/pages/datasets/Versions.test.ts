import { expect, test } from "vitest";
import { changeWords, doneWords } from "./Versions";

test.each([
  [{ added: 3, changed: 0, removed: 0 }, "3 added"],
  [{ added: 1200, changed: 1, removed: 2 }, "1,200 added, 1 corrected, 2 taken out"],
  [{ added: 0, changed: 0, removed: 0 }, "no item changed"],
])("D1: %o is %s", (version, said) => {
  expect(changeWords(version)).toBe(said);
});

test("D1: of a version from before nobody says what was done", () => {
  expect(doneWords(null)).toBe("Not recorded");
  expect(doneWords("from_executions")).toBe("Added from runs");
});
