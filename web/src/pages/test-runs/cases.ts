/** The test cases of a version as its page shows them, and what a run says of each. Pure. */
import { type FailedCase, type Run, labelOf } from "./model";
import { same } from "@/pages/prompts/content";

type Input = FailedCase["input"];
export type TestCase = { key: string; name: string; input: Input; /** The right answer; null: only criteria say what is good. */ expected: string | null; criteria: readonly string[]; isMadeUp: boolean };

/** In their order, each with the criteria that hold for it: its own, then the version's. */
export function casesOf(version: { test_cases?: readonly Record<string, unknown>[] | null; success_criteria?: readonly string[] | null }): TestCase[] {
  const ofAll = (version.success_criteria ?? []).filter((one) => one.trim());
  return (version.test_cases ?? []).map((one, at) => {
    const own = typeof one["criteria"] === "string" && one["criteria"].trim() ? [one["criteria"].trim()] : [];
    const expected = one["expected"] ?? null;
    const words = typeof expected === "string" ? expected : expected === null ? "" : labelOf(JSON.stringify(expected));
    return {
      key: String(at),
      name: typeof one["name"] === "string" ? one["name"] : `Case ${at + 1}`,
      input: (one["variables"] ?? one["input"] ?? {}) as Input,
      expected: words.trim() ? words : null,
      criteria: [...own, ...ofAll],
      isMadeUp: (one["metadata"] as { synthetic?: unknown } | null | undefined)?.synthetic === true,
    };
  });
}

/** True: right; the failed case where it was not; null where nothing is known: the run goes on, was cut short, or lists no more. */
export function verdictOf(one: TestCase, run: Run | undefined, failed: readonly FailedCase[]): true | FailedCase | null {
  const found = failed.find((each) => same(each.input, one.input));
  if (found) return found;
  return run?.status === "completed" && !run.failed_cases_left_out ? true : null;
}
