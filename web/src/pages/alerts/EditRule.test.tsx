import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { EditRule } from "./EditRule";
import { isOff } from "@/kit/off.fake";

const may = vi.hoisted(() => ({ edit: true }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined }));
vi.mock("@/api/session", () => ({ useMay: () => may, needs: () => "You may read here." }));
vi.mock("@/api/choices", async (real) => ({ ...(await real<object>()), usePromptChoices: () => ({ choices: ["greet", "triage"].map((one) => ({ value: one, label: one })) }) }));
beforeAll(preloadFloats);

const GREET = { prompt: "greet", enabled: true, min_samples: 77, target: 0.5, target_p95_ms: null, target_cost_nusd: null, min_drop: null, min_error_rise: null, min_latency_rise: null, min_cost_rise: null, targets: null, muted_until: "2099-01-01T00:00:00Z", start_optimization: null, updated_at: "2026-11-01T00:00:00Z" };
const field = (label: string) => screen.getByLabelText<HTMLInputElement>(label);

async function choose(prompt: string) {
  fireEvent.click(within(screen.getByRole("dialog", { name: "Rule for a prompt" })).getByRole("button", { name: /^Prompt/ }));
  fireEvent.click(await screen.findByRole("option", { name: prompt }));
}

it("has nothing left of the rule of one prompt, and says nothing of it, once another one is chosen", async () => {
  const asked = slowApi({ "GET /v1/alert-rules": { data: [GREET], next_cursor: null }, "GET /v1/datasets": { data: [], next_cursor: null }, "GET /v1/models": { data: [] } });
  render(
    <Queries>
      <EditRule rule={null} isOwn={false} onClose={() => {}} />
    </Queries>,
  );
  await choose("greet");
  fireEvent.change(field("Fall at least, points"), { target: { value: "7" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("greet has a rule by now.");
  expect(field("Reactions at least").value).toBe("77");
  await choose("triage");
  expect(screen.queryByText(/has a rule by now/)).toBeNull();
  expect([field("Reactions at least").value, field("Satisfaction target, %").value, field("Fall at least, points").value]).toEqual(["", "", "7"]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PUT", "/v1/alert-rules/triage")).body).toMatchObject({ min_samples: null, target: null, min_drop: 0.07, muted_until: null });
});

it("shows a viewer all of how a rule searches, and nothing to press", async () => {
  may.edit = false;
  try {
    slowApi({ "GET /v1/alert-rules": { data: [GREET], next_cursor: null }, "GET /v1/datasets": { data: [], next_cursor: null }, "GET /v1/models": { data: [] } });
    const starts = { dataset_id: "d", budget: { evaluations: 100, seconds: 1800 }, cooldown_hours: 24, search: { method: "racing" } };
    render(
      <Queries>
        <EditRule rule={{ ...GREET, start_optimization: starts } as never} isOwn onClose={() => {}} />
      </Queries>,
    );
    expect((await screen.findByLabelText<HTMLInputElement>(/^Minutes, at most/)).value).toBe("30");
    expect(screen.queryByRole("button", { name: "Models, what counts, limits" })).toBeNull();
  } finally {
    may.edit = true;
  }
});

it("asks for a ceiling of what starts by itself, at its field, before anything is sent", async () => {
  slowApi({ "GET /v1/alert-rules": { data: [GREET], next_cursor: null }, "GET /v1/datasets": { data: [], next_cursor: null }, "GET /v1/models": { data: [] } });
  const starts = { dataset_id: "d", budget: { evaluations: 100 }, cooldown_hours: 24 };
  render(
    <Queries>
      <EditRule rule={{ ...GREET, start_optimization: starts } as never} isOwn onClose={() => {}} />
    </Queries>,
  );
  await screen.findByText(/must have a ceiling/);
  expect(isOff(screen.getByRole<HTMLButtonElement>("button", { name: "Save" }))).toBe(true);
  fireEvent.change(screen.getByLabelText(/^Cost ceiling, \$/), { target: { value: "0.5" } });
  expect(screen.queryByText(/must have a ceiling/)).toBeNull();
  fireEvent.change(screen.getByLabelText(/^Not again within/), { target: { value: "soon" } });
  expect(screen.getByText(/Whole hours from 1 to 720/)).toBeTruthy();
});
