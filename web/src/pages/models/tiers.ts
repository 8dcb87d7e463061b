/** Other prices of a model, for calls with much input or served otherwise, as a form holds them. Pure. */
import { PRICES, type Priced, type Tier } from "./model";
import { dollarsToNusd } from "./prices";

export type TypedTier = Record<Priced, string> & { key: number; above_input_tokens: string; service_tier: string };
export type TierField = Exclude<keyof TypedTier, "key">;

export const MOST_TIERS = 12;

const dollars = (nusd: number | null) => (nusd === null ? "" : String(nusd / 1e9));

/** Where nobody said a price of cached input, a tier shows that of input, and goes on following it. */
export function tiersTyped(tiers: readonly Tier[]): TypedTier[] {
  return tiers.map((tier, key) => ({
    key,
    above_input_tokens: tier.above_input_tokens > 0 ? String(tier.above_input_tokens) : "",
    service_tier: tier.service_tier ?? "",
    ...(Object.fromEntries(PRICES.map(({ name }) => [name, name === "cached_input_price_nusd_per_million" && tier[name] === tier.input_price_nusd_per_million ? "" : dollars(tier[name])])) as Record<Priced, string>),
  }));
}

export function newTier(there: readonly TypedTier[]): TypedTier {
  const prices = Object.fromEntries(PRICES.map(({ name }) => [name, ""])) as Record<Priced, string>;
  return { key: Math.max(-1, ...there.map((one) => one.key)) + 1, above_input_tokens: "", service_tier: "", ...prices };
}

/** What is wrong with each field of a tier. Nothing is said of what is still empty: see `isWhole`. */
export function faultsOfTier(tier: TypedTier, all: readonly TypedTier[]): Partial<Record<TierField, string>> {
  const found: Partial<Record<TierField, string>> = {};
  for (const { name } of PRICES) if (tier[name].trim() !== "" && dollarsToNusd(tier[name]) === null) found[name] = "Dollars for a million tokens, such as 2.50.";
  if (!/^\s*\d{0,8}\s*$/.test(tier.above_input_tokens) || Number(tier.above_input_tokens) > 10_000_000) found.above_input_tokens = "A whole number, 10,000,000 at most.";
  else if (isTold(tier) && all.some((one) => one.key < tier.key && whichOf(one) === whichOf(tier))) found.above_input_tokens = "There are prices for the same calls above.";
  return found;
}

const isTold = (tier: TypedTier) => Number(tier.above_input_tokens) > 0 || tier.service_tier.trim() !== "";
const whichOf = (tier: TypedTier) => `${Number(tier.above_input_tokens)} ${tier.service_tier.trim()}`;

/** Whether it says for which calls it is and what they cost. */
export function isWhole(tier: TypedTier): boolean {
  return isTold(tier) && tier.input_price_nusd_per_million.trim() !== "" && tier.output_price_nusd_per_million.trim() !== "";
}

export type SentTier = { above_input_tokens: number; service_tier: string | null } & Record<Priced, number | null>;

function sent(tier: TypedTier): SentTier {
  return {
    above_input_tokens: Number(tier.above_input_tokens),
    service_tier: tier.service_tier.trim() || null,
    ...(Object.fromEntries(PRICES.map(({ name }) => [name, dollarsToNusd(tier[name])])) as Record<Priced, number | null>),
  };
}

/** What a form made of them, all of them together; nothing where it is the same. */
export function tiersChanged(before: readonly Tier[], typed: readonly TypedTier[]): SentTier[] | undefined {
  const now = typed.map(sent);
  return JSON.stringify(now) === JSON.stringify(tiersTyped(before).map(sent)) ? undefined : now;
}
