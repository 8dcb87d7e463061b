import { act, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Ramp } from "./Ramp";

beforeEach(() => void vi.useFakeTimers({ now: Date.parse("2026-11-28T14:00:12Z") }));
afterEach(() => void vi.useRealTimers());

const ramp = (bake_s: number) => ({ kind: "rollout", status: "running", rollout_state: "ramping", step: 0, step_started_at: "2026-11-28T14:00:00Z", rollout: { steps: [0.05, 1], bake_s } });

it.each([
  [30, 12, "in 18 s at", "in 6 s at"],
  [3_600, 12, "in 1 h at", "in 1 h at"],
  [200, 150, "in 3 min at", "in 38 s at"],
])("says how long a step of %d s still lasts, in seconds only below a minute", (bakeS, afterS, first, then) => {
  const { container } = render(<Ramp experiment={ramp(bakeS) as never} />);
  const said = () => container.textContent?.replaceAll("\u00a0", " ");
  expect(said()).toContain(first);
  act(() => void vi.advanceTimersByTime(afterS * 1_000));
  expect(said()).toContain(then);
});

it("says at its last step what comes then, which is no step", () => {
  const { container } = render(<Ramp experiment={{ ...ramp(3_600), step: 1, label: "production" } as never} />);
  expect(container.textContent?.replaceAll("\u00a0", " ")).toContain("production moves to it in 1 h at the earliest.");
});

it("says of a step that a rollout never came to that it was never reached, and not that it was taken back", () => {
  const { getAllByRole } = render(<Ramp experiment={{ ...ramp(3_600), status: "completed", rollout_state: "rolled_back", step: 0 } as never} />);
  expect(getAllByRole("listitem").map((step) => step.textContent?.replaceAll("\u00a0", " "))).toEqual(["5 %, taken back", "100 %, never reached"]);
});
