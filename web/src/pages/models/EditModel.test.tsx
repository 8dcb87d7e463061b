import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { EditModel } from "./EditModel";

beforeAll(preloadFloats);

const MODEL = {
  id: "mine", scope: "workspace", provider: "openai", upstream_model: "mine", display_name: "", context_tokens: 8000, output_tokens: 1000, capabilities: [], preferred_for: [], priority: 100, quality_score: null, quality_source: "", reliability_score: null, reliability_source: "",
  latency_ms: null, latency_source: "", fallback_model: null, successor: null, active: true, notes: "", price_tiers: [], price_version: "p1", deprecated_at: null, sunset_at: null, retired_at: null, last_tested_at: null, measured_executions: 5, measured_latency_ms: 20,
  input_price_nusd_per_million: 1e9, cached_input_price_nusd_per_million: null, cache_write_input_price_nusd_per_million: null, output_price_nusd_per_million: 2e9, reasoning_price_nusd_per_million: null,
}; // prettier-ignore
const prices = (id: string) => ({ data: [{ price_version: id, prices: {}, set_by: "x", set_at: "2026-11-01T00:00:00Z" }] });

function opened(model: object, now: object) {
  const asked = slowApi({ "GET /v1/models": { data: [] }, "GET /v1/models/mine": now, "GET /v1/models/mine/prices": prices("p1") });
  render(
    <Queries>
      <EditModel model={model as never} onClose={() => {}} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText(/^Notes/), { target: { value: "mine" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  return asked;
}

it("is not held up by what was measured meanwhile", async () => {
  const asked = opened(MODEL, { ...MODEL, measured_executions: 6, measured_latency_ms: 25 });
  expect((await asking(asked, "PATCH", "/v1/models/mine")).body).toEqual({ notes: "mine" });
});

it("looks once more before it sends: for everybody's model all of it is sent, with what the operator's colleague changed", async () => {
  const platform = { ...MODEL, scope: "platform" };
  const asked = opened(platform, { ...platform, output_price_nusd_per_million: 3e9, upstream_model: "mine-2" });
  await screen.findByText("Changed by somebody meanwhile.");
  expect(screen.getByLabelText<HTMLInputElement>("Output").value).toBe("3");
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PUT", "/v1/platform-models/mine")).body).toMatchObject({ notes: "mine", output_price_nusd_per_million: 3e9, upstream_model: "mine-2" });
});
