import { expect, it } from "vitest";
import { type WholeModel, changesOf, faultsOf, nameOfNew, priceOf, saidOf, standing, typedOf, wholeOf } from "./model";

const MODEL: WholeModel = {
  id: "own/fast", provider: "openai", display_name: "Fast", scope: "workspace", upstream_model: "fast-1", context_tokens: 128_000, output_tokens: 8_000,
  input_price_nusd_per_million: 2_500_000_000, cached_input_price_nusd_per_million: null, cache_write_input_price_nusd_per_million: null,
  output_price_nusd_per_million: 10_000_000_000, reasoning_price_nusd_per_million: null, price_tiers: [], price_version: "own-1", priority: 100,
  capabilities: ["chat", "tools"], preferred_for: [], quality_score: null, quality_source: "", reliability_score: 0.99, reliability_source: "measured",
  latency_ms: null, latency_source: "", fallback_model: null, successor: null, active: true, notes: "", deprecated_at: null, sunset_at: null,
  retired_at: null, last_tested_at: null,
}; // prettier-ignore

it("sends what was changed and nothing else", () => {
  const typed = typedOf(MODEL);
  expect(changesOf(MODEL, typed)).toEqual({});
  expect(changesOf(MODEL, { ...typed, capabilities: "chat, tools, vision", notes: "new" })).toEqual({ capabilities: ["chat", "tools", "vision"], notes: "new" });
  expect(changesOf(MODEL, { ...typed, input_price_nusd_per_million: "3" })).toEqual({ input_price_nusd_per_million: 3_000_000_000, output_price_nusd_per_million: 10_000_000_000 });
  expect(changesOf(MODEL, { ...typed, reliability_score: "", sunset_at: "2027-03-01" })).toEqual({ reliability_score: null, sunset_at: "2027-03-01T00:00:00Z" });
});

it("keeps all of a platform's model that nobody changed", () => {
  const whole = wholeOf({ ...MODEL, scope: "platform", price_tiers: [] }, { priority: 5 });
  expect(whole).toMatchObject({ provider: "openai", upstream_model: "fast-1", priority: 5, active: true, output_price_nusd_per_million: 10_000_000_000 });
  expect(Object.keys(whole)).not.toContain("id");
  expect(Object.keys(wholeOf({ ...MODEL, last_tested_at: "2026-11-01T00:00:00Z" }, {}))).not.toContain("last_tested_at");
  const shown = { ...MODEL, cached_input_price_nusd_per_million: 2_500_000_000 };
  const row = { price_version: "own-1", prices: { input_nusd_per_million: 2_500_000_000 }, set_by: "", set_at: "" };
  expect(saidOf(shown, [row]).cached_input_price_nusd_per_million).toBeNull();
  expect(saidOf(shown, [{ ...row, prices: { cached_input_nusd_per_million: 2_500_000_000 } }]).cached_input_price_nusd_per_million).toBe(2_500_000_000);
});

it("says what is no amount", () => {
  const typed = typedOf(MODEL);
  expect(faultsOf(typed)).toEqual({});
  expect(Object.keys(faultsOf({ ...typed, output_price_nusd_per_million: "x", quality_score: "2", context_tokens: "" }))).toEqual(["output_price_nusd_per_million", "quality_score", "context_tokens"]);
});

it("tells how it stands, and what it cost", () => {
  expect(standing(MODEL)).toBeNull();
  expect(standing({ ...MODEL, retired_at: "2026-11-01T00:00:00Z", active: false })?.word).toBe("retired");
  expect(standing({ ...MODEL, sunset_at: "2027-03-01T00:00:00Z" })?.word).toBe("ends 1 Mar 2027");
  expect(standing({ ...MODEL, price_version: null })?.word).toBe("no price");
  const row = { price_version: "own-1", prices: { input_nusd_per_million: 5, tiers: [] }, set_by: "user:x", set_at: "" };
  expect([priceOf(row, "input_price_nusd_per_million"), priceOf(row, "output_price_nusd_per_million")]).toEqual([5, null]);
});

it("describes no model anew by adding one, and lets one's own stand for everybody's", () => {
  const there = [{ id: "own/fast", scope: "workspace" }, { id: "gpt", scope: "platform" }] as const;
  expect(nameOfNew("own/fast ", there).fault).toBe("There is a model own/fast: edit it.");
  expect(nameOfNew("gpt", there)).toEqual({ fault: undefined, hint: "Everybody here has a model of this name: in this workspace yours takes its place." });
  expect(nameOfNew("own/new", there)).toEqual({ fault: undefined, hint: "Your prompts call it by the same name." });
});
