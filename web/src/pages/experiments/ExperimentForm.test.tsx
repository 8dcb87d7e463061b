import { QueryClient } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { ExperimentForm } from "./ExperimentForm";

vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
beforeAll(preloadFloats);

const page = { data: [], next_cursor: null };
const arm = (name: string, control: boolean, version: number) => ({ name, control, version, label: null, model: null, share: null, mode: "live" });
const draft = (revision: number) => ({
  id: "e", revision, name: "Shorter", description: "", prompt: "a", kind: "ab", label: "production", unit: "end_user", metric: "satisfaction", direction: "higher", allocation: "fixed", on_winner: "offered", targeting: "", namespace: null,
  arms: [arm("control", true, 1), arm("candidate", false, 2)], deciding: { method: "sequential" }, rollout: null, guardrails: [], shadow_budget_nusd: null,
}); // prettier-ignore

const KNOWN = { "GET /v1/prompts": page, "GET /v1/prompts/a": { slug: "a", labels: {}, latest_version: 2 }, "GET /v1/models": { data: [] }, "GET /v1/metrics": page, "GET /v1/live-evaluations": page };

it("shows what a colleague changed since it was opened before it is saved over: the page reads the draft again every few seconds", async () => {
  const asked = slowApi({ ...KNOWN, "GET /v1/experiments/e": { ...draft(2), targeting: "metadata.tier == 'gold'" } });
  const client = new QueryClient();
  const form = (revision: number) => (
    <Queries of={client}>
      <ExperimentForm open onOpenChange={() => {}} experiment={draft(revision) as never} />
    </Queries>
  );
  const { rerender } = render(form(1));
  rerender(form(2));
  fireEvent.change(screen.getByPlaceholderText("Shorter instructions"), { target: { value: "Shortest" } });
  fireEvent.click(screen.getByRole("button", { name: "Save the draft" }));
  await screen.findByText("Changed by somebody meanwhile.");
  expect(asked).toEqual([]);
  expect(screen.getByLabelText<HTMLInputElement>("Only where").value).toBe("metadata.tier == 'gold'");
  fireEvent.click(screen.getByRole("button", { name: "Save the draft" }));
  expect((await asking(asked, "PUT", "/v1/experiments/e")).body).toMatchObject({ revision: 2, experiment: { name: "Shortest", targeting: "metadata.tier == 'gold'" } });
});

it("shows at its field what a change of the draft is refused for, and opens what hides it", async () => {
  const asked = slowApi({ ...KNOWN, "GET /v1/experiments/e": draft(1) });
  render(
    <Queries of={new QueryClient()}>
      <ExperimentForm open onOpenChange={() => {}} experiment={draft(1) as never} />
    </Queries>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Save the draft" }));
  const error = { type: "invalid_request_error", code: "invalid_field", message: "targeting: is no condition.", param: "experiment.targeting" };
  await (await asking(asked, "PUT", "/v1/experiments/e")).answer({ error }, 422);
  await vi.waitFor(() => expect(screen.getByLabelText("Only where").getAttribute("aria-invalid")).toBe("true"));
  expect(screen.getByLabelText("Only where").closest("details")?.open).toBe(true);
});
