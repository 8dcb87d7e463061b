import { integer, oneOf, over, text } from "@/lib/url-state";

/** What the address of a test run holds: the cell of the matrix, the words, the opened case; the other run, and of what is compared
 * with it the change, the category and the opened pair. */
export const shape = { tab: oneOf(["failed", "compare", "evaluators"], "failed"), expected: text(), got: text(), q: text(), case: over(text()), with: text(), change: oneOf(["all", "broken", "fixed", "same"], "all"), category: text(), pair: over(text()), repeat: integer(0) };
