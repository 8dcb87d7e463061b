import { render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import RulesPage, { DEFAULT_KEY } from "./RulesPage";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useLocation: () => "/", useSearch: () => ({ edit: DEFAULT_KEY }) }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
vi.mock("./Head", () => ({ Head: "div" }));
beforeAll(preloadFloats);

it("opens the workspace's rule by its address with what it says, and not with the product's own before that is known", async () => {
  const asked = slowApi({ "GET /v1/prompts": { data: [], next_cursor: null }, "GET /v1/datasets": { data: [], next_cursor: null } });
  render(
    <Queries>
      <RulesPage />
    </Queries>,
  );
  const rules = await asking(asked, "GET", "/v1/alert-rules");
  expect(screen.queryByRole("dialog")).toBeNull();
  await rules.answer({ data: [{ prompt: null, enabled: true, min_samples: 77, target: null, min_drop: null, min_error_rise: null, min_latency_rise: null, min_cost_rise: null, muted_until: null, start_optimization: null, updated_at: "2026-11-01T00:00:00Z" }], next_cursor: null });
  expect((await screen.findByLabelText<HTMLInputElement>("Reactions at least")).value).toBe("77");
});
