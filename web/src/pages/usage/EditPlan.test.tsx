import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { preloadFloats } from "@/kit/floats";
import { EditPlan } from "./EditPlan";

beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const PRO = { plan: "pro", name: "Pro", base_fee_nusd: 0, base_credit_nusd: 0, overage_nusd: 0, platform_allowance_nusd: 0, optimization_fee_nusd: 0, rate_limit_per_minute: 60, concurrency: 10, workspaces_most: 20, retention_days_most: 30, platform_markup_percent: 0, platform_keys: true };

it("makes no plan of the id of another one", async () => {
  const sent: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    sent.push((given as Request).method);
    return new Response(JSON.stringify({ data: [PRO], next_cursor: null }), { headers: { "content-type": "application/json" } });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <EditPlan plan={null} onClose={() => undefined} />
    </QueryClientProvider>,
  );
  const button = () => screen.getByRole<HTMLButtonElement>("button", { name: "Make it" });
  fireEvent.change(await screen.findByLabelText(/^Name/), { target: { value: "Professional" } });
  const id = screen.getByPlaceholderText("team");
  fireEvent.change(id, { target: { value: "team" } });
  await waitFor(() => expect(button().disabled).toBe(false));
  fireEvent.change(id, { target: { value: "pro" } });
  await screen.findByText("There is a plan pro: edit it.");
  expect(button().disabled).toBe(true);
  fireEvent.submit(id);
  expect(sent).toEqual(["GET"]);
});
