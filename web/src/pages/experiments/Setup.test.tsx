import { render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { Queries } from "@/api/slow.fake";
import { Setup } from "./Setup";
import type { Experiment } from "./model";

vi.mock("@/api/authors", () => ({ useAuthors: () => (who: string) => who }));

const base = {
  description: "", label: "production", unit: "end_user", targeting: "", namespace: null, namespace_share: null, metric: "satisfaction", direction: "higher", kind: "ab",
  arms: ["control", "candidate", "third"].map((name, at) => ({ name, mode: "live", control: at === 0, version: at + 1, label: null, model: null, share: null })),
  deciding: { method: "sequential", confidence: 0.95, min_samples: 100, planned_units: null, looks: null, smallest_effect: null, equivalence_margin: null, max_days: null, horizon: null },
  allocation: "fixed", on_winner: "offered", guardrails: [], rollout: null, shadow_budget_nusd: null, latency_limit_ms: null, epochs: [],
} as unknown as Experiment; // prettier-ignore

const shown = (changed: Partial<Experiment>) => render(<Setup experiment={{ ...base, ...changed }} />, { wrapper: Queries }).container.textContent?.replace(/\u00a0/gu, " ") ?? "";

describe("the setup of an experiment", () => {
  it("says that it has no guardrails, and what that means", () => {
    shown({});
    expect(screen.getByText("No guardrails: nothing but the metric decides.")).toBeTruthy();
    expect(shown({ kind: "rollout" })).toContain("No guardrails: nothing takes the candidate back by itself.");
  });

  it("says looks, false alarms and the part of the namespace", () => {
    const said = shown({ namespace: "search", namespace_share: 0.4, deciding: { ...base.deciding, method: "group_sequential", looks: 4, planned_units: 2000 } });
    expect(said).toContain("4, evenly over the planned units");
    expect(said).toContain("at most 5.0 % of experiments with equal arms, 2.5 % of each arm");
    expect(said).toContain("search; part of it: 40.0 %");
    expect(shown({ deciding: { ...base.deciding, method: "group_sequential", planned_units: 2000 } })).toContain("5, evenly over the planned units");
  });

  it("says of each guardrail how often it gives a false alarm, and of one's own which way is better", () => {
    const said = shown({ guardrails: [{ metric: "metric:resolved", margin: 0.02, relative: false, direction: "higher", alpha: 0.01 }] });
    expect(said).toContain("higher is better; false alarms 1.0 %");
  });
});
