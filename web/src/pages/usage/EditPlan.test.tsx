import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { preloadFloats } from "@/kit/floats";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { EditPlan } from "./EditPlan";
import { isOff } from "@/kit/off.fake";

beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const PRO = { plan: "pro", name: "Pro", base_fee_nusd: 0, base_credit_nusd: 0, overage_nusd: 0, platform_allowance_nusd: 0, optimization_fee_nusd: 0, rate_limit_per_minute: 60, token_limit_per_minute: null, concurrency: 10, workspaces_most: 20, retention_days_most: 30, platform_markup_percent: 0, platform_keys: true };

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
  await waitFor(() => expect(isOff(button())).toBe(false));
  fireEvent.change(id, { target: { value: "pro" } });
  await screen.findByText("There is a plan pro: edit it.");
  expect(isOff(button())).toBe(true);
  for (const typed of ["a/b", "..", "Big", "1st"]) {
    fireEvent.change(id, { target: { value: typed } });
    await screen.findByText("Small letters, digits, - and _, beginning with a letter.");
    expect(isOff(button())).toBe(true);
  }
  fireEvent.change(id, { target: { value: "pro" } });
  fireEvent.submit(id);
  expect(sent).toEqual(["GET"]);
});

it("makes no plan of an id that somebody took while the form was open, and says so at its field", async () => {
  let plans = [PRO];
  const sent: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    sent.push((given as Request).method);
    return Response.json({ data: plans, next_cursor: null });
  });
  render(
    <Queries>
      <EditPlan plan={null} onClose={() => undefined} />
    </Queries>,
  );
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Make it" });
  fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "Team" } });
  fireEvent.change(screen.getByPlaceholderText("team"), { target: { value: "team" } });
  await waitFor(() => expect(isOff(button)).toBe(false));
  plans = [PRO, { ...PRO, plan: "team" }];
  fireEvent.click(button);
  await screen.findByText("There is a plan team: edit it.");
  expect(sent).toEqual(["GET", "GET"]);
});

it("looks once more before it sends, and keeps what the operator's colleague changed", async () => {
  const asked = slowApi({ "GET /v1/plans/pro": { ...PRO, concurrency: 40 } });
  render(
    <Queries>
      <EditPlan plan={{ ...PRO, updated_at: "2026-11-01T00:00:00Z" }} onClose={() => undefined} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText(/^Calls a minute/), { target: { value: "90" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("Changed by somebody meanwhile.");
  expect(screen.getByLabelText<HTMLInputElement>(/^Calls at a time/).value).toBe("40");
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PUT", "/v1/plans/pro")).body).toMatchObject({ rate_limit_per_minute: 90, concurrency: 40, name: "Pro" });
});
