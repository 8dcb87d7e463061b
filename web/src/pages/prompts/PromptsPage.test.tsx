import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionProvider, useSessionState } from "@/api/session";
import PromptsPage from "./PromptsPage";

vi.mock("@tanstack/react-router", () => ({ Link: ({ children }: { children: React.ReactNode }) => <span>{children}</span>, useNavigate: () => () => undefined, useRouter: () => ({}), useLocation: () => "" }));
vi.mock("@/lib/url-state", async (original) => ({ ...(await original<object>()), useUrlState: () => [{ q: "", label: "", tag: "", sort: "created", falling: true, new: false }, () => undefined] }));

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const list = (data: unknown[]) => json({ data, next_cursor: null });
const REFUSED = () => json({ error: { message: "Alerts cannot be read now." } }, 503);
const NOTHING = "No prompt has an open alert";

let alerts: Record<string, () => Response | Promise<Response>>;
let asked: string[][];

beforeEach(() => {
  asked = [];
  alerts = { open: () => list([]), acknowledged: () => list([]) };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const url = new URL((given as Request).url);
    if (url.pathname === "/v1/auth/session") return json({ user: { id: "u1", name: "Ada", email: "a@b.c", is_operator: false }, workspaces: [{ id: "w1", name: "One", role: "admin" }], csrf_token: "c", session_id: "s" });
    if (url.pathname === "/v1/alerts") return (alerts[url.searchParams.get("status") ?? ""] ?? REFUSED)();
    if (url.pathname === "/v1/prompts") asked.push(url.searchParams.getAll("slug"));
    return list([]);
  });
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const Inside = () => (useSessionState().session ? <PromptsPage /> : null);

async function show() {
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <SessionProvider>
        <Inside />
      </SessionProvider>
    </QueryClientProvider>,
  );
  await screen.findByText("With an alert");
}

it("does not say that no prompt has an alert before both answers are there", async () => {
  let come: (answer: Response) => void = () => undefined;
  alerts.acknowledged = () => new Promise((resolve) => (come = resolve));
  await show();
  await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
  expect(screen.queryByText(NOTHING)).toBeNull();
  await act(async () => come(list([])));
  await screen.findByText(NOTHING);
});

it("says that alerts could not be read, shows no prompts as if they had one, and tries again", async () => {
  alerts.open = REFUSED;
  alerts.acknowledged = () => list([{ id: "a1", prompt: "triage", severity: "warning", kind: "degradation", summary: "Worse", resolved_at: null, muted: false }]);
  await show();
  await screen.findByText(/Alerts cannot be read now/);
  expect(screen.queryByText(NOTHING)).toBeNull();
  expect(asked).toEqual([]);
  alerts.open = () => list([]);
  fireEvent.click(screen.getByRole("button", { name: /again/i }));
  await screen.findByText("No prompt matches");
  expect(asked).toEqual([["triage"]]);
});
