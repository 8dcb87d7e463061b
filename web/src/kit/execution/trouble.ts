/** What somebody can do about a run that failed, and where. Pure. */
import type { ExecutionError } from "./types";

export type Where = { to: string; search: Record<string, string>; words: string; advice?: string };

const OTHER = "A prompt may name models that are asked when its own fails.";

const ADVICE: Record<string, string> = {
  provider_unreachable: `Nobody answers at its address: see whether it is up, and whether the address is right. ${OTHER}`,
  provider_unavailable: `A call goes to it again by itself in a while. ${OTHER}`,
  provider_failed: OTHER,
  provider_timed_out: OTHER,
  provider_rate_limited: `It takes no more calls just now: raise the limit there, or spread calls over several keys. ${OTHER}`,
};

export function whereToLook({ code, guardrail }: Pick<ExecutionError, "code" | "guardrail">, model: string): Where | null {
  if (guardrail) return { to: "/guardrails", search: { named: guardrail }, words: "The guardrail" };
  if (code === "provider_account_empty") return { to: "/providers", search: {}, words: "Provider keys", advice: `The account at the provider has no money left: put some in there. The key rests for an hour, or until “Use it again” is chosen in its form. ${OTHER}` };
  if (code === "out_of_credit") return { to: "/usage", search: {}, words: "Usage and plan" };
  if (code === "budget_exhausted") return { to: "/usage/budgets", search: {}, words: "Budgets" };
  if (code === "no_provider_key" || code === "provider_keys_unverified") return { to: "/providers", search: {}, words: "Provider keys" };
  if (code.startsWith("provider_") || code === "egress_refused") return { to: "/models", search: { model }, words: "The model", advice: ADVICE[code] };
  return null;
}

/** What a failed call calls for where it was just made: whether to wait, before it is tried again. */
export function beforeTrying({ code, retryable, retryAfterS }: { code: string; retryable: boolean; retryAfterS: number | null }): string {
  if (retryAfterS !== null && retryAfterS > 0) return `It takes calls again in ${Math.ceil(retryAfterS)} s.`;
  if (code === "rate_limited" || code === "tokens_limited" || code === "concurrency_limited") return "Wait a moment, and try again.";
  return retryable ? "Trying again may do." : "";
}
