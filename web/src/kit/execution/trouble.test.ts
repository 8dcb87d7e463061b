import { expect, it } from "vitest";
import { beforeTrying, whereToLook } from "./trouble";

it("leads from a failed run to what can mend it", () => {
  expect(whereToLook({ code: "provider_unreachable" }, "house-llm")).toMatchObject({ to: "/models", search: { model: "house-llm" }, advice: expect.stringContaining("Nobody answers at its address") });
  expect(whereToLook({ code: "provider_refused" }, "m")?.advice).toBeUndefined();
  expect(whereToLook({ code: "provider_account_empty" }, "m")).toMatchObject({ to: "/providers", advice: expect.stringContaining("no money left") });
  expect(whereToLook({ code: "no_provider_key" }, "m")?.to).toBe("/providers");
  expect(whereToLook({ code: "guardrail_blocked", guardrail: "secrets" }, "m")).toMatchObject({ to: "/guardrails", search: { named: "secrets" } });
  expect(whereToLook({ code: "out_of_credit" }, "m")?.to).toBe("/usage");
  expect(whereToLook({ code: "budget_exhausted" }, "m")?.to).toBe("/usage/budgets");
  expect(whereToLook({ code: "not_admitted" }, "m")).toBeNull();
});

it("says whether to wait before a call is tried again", () => {
  expect(beforeTrying({ code: "rate_limited", retryable: true, retryAfterS: 2.2 })).toBe("It takes calls again in 3 s.");
  expect(beforeTrying({ code: "concurrency_limited", retryable: true, retryAfterS: null })).toBe("Wait a moment, and try again.");
  expect(beforeTrying({ code: "provider_failed", retryable: true, retryAfterS: null })).toBe("Trying again may do.");
  expect(beforeTrying({ code: "provider_refused", retryable: false, retryAfterS: null })).toBe("");
});
