import { expect, it } from "vitest";
import { whereToLook } from "./trouble";

it("leads from a failed run to what can mend it", () => {
  expect(whereToLook({ code: "provider_unreachable" }, "house-llm")).toMatchObject({ to: "/models", search: { model: "house-llm" }, advice: expect.stringContaining("Nobody answers at its address") });
  expect(whereToLook({ code: "provider_refused" }, "m")?.advice).toBeUndefined();
  expect(whereToLook({ code: "provider_account_empty" }, "m")).toMatchObject({ to: "/providers", advice: expect.stringContaining("no money left") });
  expect(whereToLook({ code: "no_provider_key" }, "m")?.to).toBe("/providers");
  expect(whereToLook({ code: "guardrail_blocked", guardrail: "secrets" }, "m")).toMatchObject({ to: "/guardrails", search: { named: "secrets" } });
  expect(whereToLook({ code: "not_admitted" }, "m")).toBeNull();
});
