import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionProvider, useSessionState } from "@/api/session";
import { Privacy } from "./Privacy";
import { WorkspaceSettings } from "./WorkspaceSettings";

vi.mock("@tanstack/react-router", async () => ({ useNavigate: () => () => undefined, useSearch: () => ({}), ...(await import("../../kit/link.fake")) }));

const LIMITS = { plan: "team", rate_limit_per_minute: 600, token_limit_per_minute: null, concurrency: 10, retention_days: 90, platform_keys: true };
const FACTS = { id: "w1", name: "Desk", rate_limit_per_minute: 60, token_limit_per_minute: null, only_admins_change_prompts: false, platform_keys: false, share_statistics: false, protected_labels: [], own_approval: true, test_run_gate: false, gate_evaluator_id: null, gate_min_score: 0.8, response_shape: "with_metadata", min_samples: 20, confidence: 0.95, examples_in_prompts: false, retention_days: 30, store_content: true, legal_hold: false, limits: LIMITS };

let facts: object;
let sent: unknown[];
let queries: QueryClient;

beforeEach(() => {
  facts = FACTS;
  sent = [];
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/auth/session") return Response.json({ user: { id: "u1", name: "Ada", email: "ada@example.com", is_operator: false }, workspaces: [{ id: "w1", name: "Desk", role: "admin" }], csrf_token: "csrf", session_id: "s1" });
    if (pathname === "/v1/evaluators") return Response.json({ data: [{ id: "e1", name: "Kind", kind: "llm_judge" }, { id: "e2", name: "Same", kind: "exact" }], next_cursor: null });
    if (pathname !== "/v1/workspaces/w1") return Response.json({ data: [], next_cursor: null });
    if (request.method === "PATCH") {
      const body: object = JSON.parse(await request.text());
      sent.push(body);
      facts = { ...facts, ...body };
    }
    return Response.json(facts);
  });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function SignedIn({ children }: { children: React.ReactNode }) {
  return useSessionState().session ? children : null;
}

function open(form: React.ReactNode) {
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <SignedIn>{form}</SignedIn>
      </SessionProvider>
    </QueryClientProvider>,
  );
}

async function somebodySaves(changed: object) {
  facts = { ...facts, ...changed };
  await act(() => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === "/v1/workspaces/{workspace_id}" }));
}

it("sends of the settings what one changed, and keeps what somebody else changed meanwhile", async () => {
  open(<WorkspaceSettings id="w1" />);
  fireEvent.change(await screen.findByLabelText(/^Requests a minute/), { target: { value: "" } });
  await somebodySaves({ own_approval: false, name: "Help desk" });
  await screen.findByText(/Changed by somebody meanwhile/);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([{ rate_limit_per_minute: null }]));
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>(/^Name/).value).toBe("Help desk"));
  expect(screen.getByLabelText<HTMLInputElement>(/^One may approve/).checked).toBe(false);
});

it("loses no days that are typed where somebody else changes what is kept", async () => {
  open(<Privacy id="w1" />);
  fireEvent.change(await screen.findByLabelText(/^Days that text/), { target: { value: "60" } });
  await somebodySaves({ store_content: false });
  await screen.findByText(/Changed by somebody meanwhile/);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([{ retention_days: 60 }]));
});

it("asks by which evaluator the gate goes where there is no right answer, of those that can say something", async () => {
  open(<WorkspaceSettings id="w1" />);
  expect(screen.queryByLabelText(/^Without a right answer/)).toBeNull();
  fireEvent.click(await screen.findByLabelText(/^Protected labels also want a test run/));
  const choice = await screen.findByLabelText<HTMLSelectElement>(/^Without a right answer/);
  await waitFor(() => expect([...choice.options].map((one) => one.text)).toEqual(["Nobody: such items open nothing", "Kind"]));
  expect(screen.queryByLabelText(/^Mean score/)).toBeNull();
  fireEvent.change(choice, { target: { value: "e1" } });
  fireEvent.change(screen.getByLabelText(/^Mean score/), { target: { value: "2" } });
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Save" }).disabled).toBe(true);
  fireEvent.change(screen.getByLabelText(/^Mean score/), { target: { value: "0.7" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([{ test_run_gate: true, gate_evaluator_id: "e1", gate_min_score: 0.7 }]));
});

it("has a place for how runs are answered and for what a search must show", async () => {
  open(<WorkspaceSettings id="w1" />);
  fireEvent.change(await screen.findByLabelText(/^A run is answered with/), { target: { value: "headers" } });
  fireEvent.change(screen.getByLabelText(/^Test items, at least/), { target: { value: "7" } });
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Save" }).disabled).toBe(true);
  expect(screen.getByRole("alert").textContent).toContain("20 to 10,000");
  fireEvent.change(screen.getByLabelText(/^Test items, at least/), { target: { value: "50" } });
  fireEvent.change(screen.getByLabelText(/^Sure by/), { target: { value: "99" } });
  fireEvent.click(screen.getByLabelText(/^Items of datasets may/));
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([{ response_shape: "headers", min_samples: 50, confidence: 0.99, examples_in_prompts: true }]));
});
