import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { SessionProvider, useSessionState } from "@/api/session";
import ProvidersPage from "./ProvidersPage";

vi.mock("@tanstack/react-router", () => ({ Link: ({ children }: { children: React.ReactNode }) => <span>{children}</span>, useNavigate: () => () => undefined, useRouter: () => ({}), useLocation: () => "" }));

afterEach(() => void vi.restoreAllMocks());

const KEY = { id: "k", provider: "openai", name: "ours", last4: "1234", base_url: "", priority: 100, requests_per_minute: null, tokens_per_minute: null, status: "active", reason: null, last_error: null, last_error_at: null, last_used_at: null, cooldown_until: null, revoked_at: null, usage_today: { executions: 0, cost_nusd: 0 } };
const REFUSED = { works: false, http_status: 401, latency_ms: 12, error: "The provider refuses the key.", models: null };

const Inside = () => (useSessionState().session ? <ProvidersPage /> : null);

it("goes on saying beside a key that its test failed, until it works", async () => {
  const answers: object[] = [REFUSED, { ...REFUSED, works: true, http_status: 200, error: null, models: 3 }];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const { pathname } = new URL((given as Request).url);
    if (pathname === "/v1/auth/session") return Response.json({ user: { id: "u1", name: "Ada", email: "a@b.c", is_operator: false }, workspaces: [{ id: "w1", name: "One", role: "admin" }], csrf_token: "c", session_id: "s" });
    if (pathname.endsWith("/test")) return Response.json(answers.shift());
    return Response.json({ data: pathname === "/v1/provider-keys" ? [KEY] : [], next_cursor: null });
  });
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <SessionProvider>
        <Inside />
      </SessionProvider>
    </QueryClientProvider>,
  );
  const table = within(await screen.findByRole("table", { name: "Provider keys" }));
  await table.findByText("active");
  fireEvent.click(table.getByRole("button", { name: "Test ours" }));
  await table.findByText("test failed");
  table.getByText(/ours does not work\. The provider refuses the key\./);
  expect(table.queryByText("active")).toBeNull();
  fireEvent.click(table.getByRole("button", { name: "Test ours" }));
  await table.findByText("active");
  expect(table.queryByText("test failed")).toBeNull();
});
