import type { ProviderKey } from "./ProvidersPage";

type Rest = Pick<ProviderKey, "cooldown_until" | "last_error">;

/** Whether nobody uses the key just now, though it is fine. */
export function isResting(one: Rest, nowMs: number): boolean {
  return !!one.cooldown_until && Date.parse(one.cooldown_until) > nowMs;
}

/** In a sentence. */
export function whyItRests(one: Rest): string {
  return one.last_error === "provider_account_empty" ? "The account behind it has no money left." : "Its provider asked for patience.";
}
