import { expect, it } from "vitest";
import type { Tier } from "./model";
import { faultsOfTier, isWhole, newTier, tiersChanged, tiersTyped } from "./tiers";

const LONG: Tier = {
  above_input_tokens: 200_000, service_tier: null, input_price_nusd_per_million: 2_500_000_000, cached_input_price_nusd_per_million: 2_500_000_000,
  cache_write_input_price_nusd_per_million: null, output_price_nusd_per_million: 15_000_000_000, reasoning_price_nusd_per_million: null,
}; // prettier-ignore

it("sends nothing that nobody changed, and all of them when one did", () => {
  const typed = tiersTyped([LONG]);
  expect(typed[0]).toMatchObject({ above_input_tokens: "200000", service_tier: "", input_price_nusd_per_million: "2.5", cached_input_price_nusd_per_million: "" });
  expect([tiersChanged([LONG], typed), tiersChanged([], [])]).toEqual([undefined, undefined]);
  const batch = { ...newTier(typed), service_tier: " batch ", input_price_nusd_per_million: "1", output_price_nusd_per_million: "0" };
  expect(tiersChanged([LONG], [...typed, batch])).toEqual([
    { ...LONG, cached_input_price_nusd_per_million: null },
    { above_input_tokens: 0, service_tier: "batch", input_price_nusd_per_million: 1_000_000_000, cached_input_price_nusd_per_million: null, cache_write_input_price_nusd_per_million: null, output_price_nusd_per_million: 0, reasoning_price_nusd_per_million: null },
  ]);
  expect(tiersChanged([LONG], [])).toEqual([]);
});

it("says what is wrong and what is missing", () => {
  const [long] = tiersTyped([LONG]);
  const empty = newTier(long ? [long] : []);
  expect([isWhole(empty), isWhole(long ?? empty), faultsOfTier(empty, [empty])]).toEqual([false, true, {}]);
  const priced = { ...empty, input_price_nusd_per_million: "1", output_price_nusd_per_million: "2" };
  expect([isWhole(priced), isWhole({ ...priced, above_input_tokens: "0" }), isWhole({ ...priced, service_tier: "flex" })]).toEqual([false, false, true]);
  expect(Object.keys(faultsOfTier({ ...priced, above_input_tokens: "1e3", output_price_nusd_per_million: "two" }, []))).toEqual(["output_price_nusd_per_million", "above_input_tokens"]);
  const twin = { ...priced, above_input_tokens: "200000" };
  expect(faultsOfTier(twin, long ? [long, twin] : []).above_input_tokens).toContain("the same calls");
  expect(long && faultsOfTier(long, [long, twin])).toEqual({});
});
