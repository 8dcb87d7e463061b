/** What somebody can do about a run that failed, and where. Pure. */
import type { ExecutionError } from "@/kit/execution/types";

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
  if (code === "provider_account_empty") return { to: "/providers", search: {}, words: "Provider keys", advice: `The account at the provider has no money left: put some in there, then restore the key. ${OTHER}` };
  if (code === "no_provider_key" || code === "provider_keys_unverified") return { to: "/providers", search: {}, words: "Provider keys" };
  if (code.startsWith("provider_") || code === "egress_refused") return { to: "/models", search: { model }, words: "The model", advice: ADVICE[code] };
  return null;
}
