import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { RunDrawer } from "./RunDrawer";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")) }));
vi.mock("@/api/session", () => ({ useMay: () => ({ run: true }), needs: () => "" }));
vi.mock("@/kit/comments/RunComments", () => ({ RunComments: () => null }));
beforeAll(preloadFloats);
afterEach(cleanup);

const step = (id: string, status: string, version: number | null) => ({ id, kind: "prompt", prompt: "triage", status, version, execution_id: null, cost_nusd: 0, error: null });
const RUN = { id: "r", version: 1, label: null, created_at: "2026-11-30T10:00:00Z", cost_nusd: 0, user_id: null, output: null };

async function shown(run: object) {
  const asked = slowApi();
  render(<Queries><RunDrawer id="r" wanted="" onClose={() => undefined} /></Queries>);
  await (await asking(asked, "GET", "/v1/chain-runs/r")).answer({ ...RUN, ...run });
  return within(await screen.findByRole("list", { name: "Steps of the run" }));
}

it("shows a running step as no fault, and one that was skipped without a version", async () => {
  const steps = await shown({ status: "running", error: null, steps: [step("one", "success", 2), step("two", "running", 2), step("three", "skipped", null), step("four", "timeout", 2)] });
  expect(["running", "skipped", "timeout"].map((status) => steps.getByText(status).closest("[class*=bad]") !== null)).toEqual([false, false, true]);
  expect(steps.getAllByText(/^triage/).map((one) => one.textContent)).toEqual(["triage v2", "triage v2", "triage", "triage v2"]);
  screen.getByText("It stands here once the run has ended.");
});

it("says that a failed run gave nothing, and shows no null", async () => {
  await shown({ status: "error", error: { code: "timeout", message: "Too slow." }, steps: [step("one", "timeout", 2)] });
  screen.getByText("It gave none.");
  expect(document.body.textContent).not.toContain("null");
});
