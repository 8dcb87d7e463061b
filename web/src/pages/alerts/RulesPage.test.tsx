import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import RulesPage, { DEFAULT_KEY } from "./RulesPage";

const shown = vi.hoisted(() => ({ edit: "" }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useLocation: () => "/", useSearch: () => shown }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
vi.mock("./Head", () => ({ Head: "div" }));
beforeAll(preloadFloats);

const rule = (prompt: string | null, samples: number) => ({ prompt, enabled: true, min_samples: samples, target: null, target_p95_ms: null, target_cost_nusd: null, min_drop: null, min_error_rise: null, min_latency_rise: null, min_cost_rise: null, targets: null, muted_until: null, start_optimization: null, updated_at: "2026-11-01T00:00:00Z" });

it("opens the workspace's rule by its address with what it says, and not with the product's own before that is known", async () => {
  shown.edit = DEFAULT_KEY;
  const asked = slowApi({ "GET /v1/prompts": { data: [], next_cursor: null }, "GET /v1/datasets": { data: [], next_cursor: null } });
  render(
    <Queries>
      <RulesPage />
    </Queries>,
  );
  const rules = await asking(asked, "GET", "/v1/alert-rules");
  expect(screen.queryByRole("dialog")).toBeNull();
  await rules.answer({ data: [rule(null, 77)], next_cursor: null });
  expect((await screen.findByLabelText<HTMLInputElement>("Reactions at least")).value).toBe("77");
});

it("keeps what was typed into a rule that somebody else gives up meanwhile", async () => {
  shown.edit = "greet";
  const asked = slowApi({ "GET /v1/prompts": { data: [], next_cursor: null }, "GET /v1/datasets": { data: [], next_cursor: null } });
  render(
    <Queries>
      <RulesPage />
    </Queries>,
  );
  await (await asking(asked, "GET", "/v1/alert-rules")).answer({ data: [rule("greet", 77)], next_cursor: null });
  const samples = await screen.findByLabelText<HTMLInputElement>("Reactions at least");
  fireEvent.change(samples, { target: { value: "55" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  const gone = { data: [rule(null, 100)], next_cursor: null };
  await (await asking(asked, "GET", "/v1/alert-rules", 2)).answer(gone);
  await screen.findByText("Changed by somebody meanwhile.");
  await (await asking(asked, "GET", "/v1/alert-rules", 3)).answer(gone);
  await screen.findByText("100");
  expect(samples.isConnected && samples.value).toBe("55");
});
