import { oneOf, over, text } from "@/lib/url-state";

/** What the address of a test run holds: the cell of the matrix, the words, the opened case, the other run. */
export const shape = { tab: oneOf(["failed", "compare", "evaluators"], "failed"), expected: text(), got: text(), q: text(), case: over(text()), with: text() };
