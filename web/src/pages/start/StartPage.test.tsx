import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionProvider, useSessionState } from "@/api/session";
import { isMarked } from "@/api/first-steps";
import StartPage from "./StartPage";

vi.mock("@tanstack/react-router", () => ({
  Navigate: () => null,
  Link: ({ children }: { children: React.ReactNode }) => <span>{children}</span>,
  useNavigate: () => () => undefined,
  useLocation: () => "",
  useSearch: () => ({}),
}));
vi.mock("@/lib/url-state", async (original) => ({ ...(await original<object>()), useUrlState: () => [{ arrived: false }, () => undefined] }));

const SESSION = { user: { id: "u1", name: "Ada", email: "ada@example.com", is_operator: false }, workspaces: [{ id: "w1", name: "One", role: "admin" }], csrf_token: "csrf", session_id: "s1" };
const SUMMARY = { executions: 0, reactions: 0, simulated: false };

let messages: object[];
let prompts: object[];
let summary: typeof SUMMARY | null;
let availableNusd: number;
let lentNusd: number;
let sent: { path: string; key: string | null; body: Record<string, unknown> }[];
let asked: string[];
let searches: object[];
let answers: (() => Response)[];
let queries: QueryClient;

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const ANSWER = () => json({ id: "e1", output: "Billing", simulated: true, cost_nusd: 5, latency_ms: 9, version: 1 });

beforeEach(() => {
  SESSION.workspaces[0]!.role = "admin";
  prompts = [{ slug: "triage", labels: { production: 1 }, updated_at: "2026-11-20T10:00:00Z" }];
  messages = [{ role: "user", content: "Which queue?" }];
  summary = SUMMARY;
  availableNusd = 5;
  lentNusd = 0;
  sent = [];
  answers = [];
  asked = [];
  searches = [];
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    const { pathname } = new URL(request.url);
    asked.push(request.url);
    if (request.method === "POST") {
      sent.push({ path: pathname, key: request.headers.get("idempotency-key"), body: (await request.json()) as Record<string, unknown> });
      if (pathname === "/v1/feedback") return json({});
      const answer = answers.shift();
      if (!answer) throw new TypeError("Failed to fetch");
      return answer();
    }
    if (pathname === "/v1/auth/session") return json(SESSION);
    if (pathname === "/v1/prompts") return json({ data: prompts, next_cursor: null });
    if (pathname === "/v1/prompts/triage") return json({ slug: "triage", messages });
    if (pathname === "/v1/credits") return json({ available_nusd: availableNusd, credit_line: { left_nusd: lentNusd }, allowance: { left_nusd: 0 } });
    if (pathname === "/v1/analytics/summary") return summary ? json(summary) : json({ error: { message: "Not now." } }, 503);
    return json({ data: pathname === "/v1/optimizations" ? searches : [], next_cursor: null });
  });
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const Inside = () => (useSessionState().session ? <StartPage /> : null);

function show() {
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <Inside />
      </SessionProvider>
    </QueryClientProvider>,
  );
}

it("counts a run of this page once, at once and after the rollup", async () => {
  answers = [ANSWER, ANSWER];
  show();
  fireEvent.click(await screen.findByRole("button", { name: "Run" }));
  await screen.findByText(/^1 run of it/);
  summary = { ...SUMMARY, executions: 1 };
  await queries.invalidateQueries();
  screen.getByText(/^1 run of it/);
  fireEvent.click(screen.getByRole("button", { name: "Run" }));
  await screen.findByText(/^2 runs of it/);
});

it("gives a thumb in the name of whoever is signed in, and counts a changed mind once", async () => {
  answers = [ANSWER];
  show();
  fireEvent.click(await screen.findByRole("button", { name: "Run" }));
  fireEvent.click(await screen.findByRole("button", { name: "Good answer" }));
  await screen.findByText(/^1 reaction so far/);
  fireEvent.click(screen.getByRole("button", { name: "Bad answer" }));
  await waitFor(() => expect(sent).toHaveLength(3));
  expect(sent.slice(1).map((one) => one.body)).toEqual(["up", "down"].map((thumb) => ({ execution_id: "e1", thumb, user_id: "ada@example.com" })));
  screen.getByText(/^1 reaction so far/);
});

it("says to a viewer of an empty workspace who may take the next step, and leads to no form that would refuse", async () => {
  SESSION.workspaces[0]!.role = "viewer";
  prompts = [];
  show();
  const made = await screen.findByRole("button", { name: "New prompt" });
  const examples = await screen.findByRole("button", { name: "Add examples" });
  expect([made, examples].map((one) => one.getAttribute("aria-disabled"))).toEqual(["true", "true"]);
});

it("asks for an answer that was lost under its key, so that it is paid once", async () => {
  show();
  fireEvent.click(await screen.findByRole("button", { name: "Run" }));
  await screen.findByRole("alert");
  const busy = () => new Response(JSON.stringify({ error: { message: "It still runs.", code: "in_progress", retryable: true } }), { status: 409, headers: { "retry-after": "0.001" } });
  answers = [busy, ANSWER, ANSWER];
  fireEvent.click(screen.getByRole("button", { name: "Run" }));
  await screen.findByText("Billing");
  expect(new Set(sent.map((one) => one.key)).size).toBe(1);
  fireEvent.click(screen.getByRole("button", { name: "Run" }));
  await waitFor(() => expect(sent).toHaveLength(4));
  expect(sent[3]?.key).not.toBe(sent[0]?.key);
});

it("shows what came of it where all was taken already, of that prompt alone, and goes from the navigation when it is put away", async () => {
  summary = { executions: 7, reactions: 3, simulated: true };
  searches = [{ id: "o2", prompt: "other", status: "completed", outcome: "no_improvement" }, { id: "o1", prompt: "triage", status: "completed", outcome: "improved", suggestion_id: "g1" }];
  show();
  await screen.findByText(/This way has been gone once/);
  screen.getByText("The suggestion");
  screen.getByText(/no real money is spent/);
  expect(screen.getAllByLabelText("Done")).toHaveLength(4);
  expect([isMarked("seen", "u1", "w1"), isMarked("put away", "u1", "w1")]).toEqual([true, false]);
  fireEvent.click(screen.getByRole("button", { name: "Put these away" }));
  expect(isMarked("put away", "u1", "w1")).toBe(true);
  expect(screen.queryByRole("button", { name: "Put these away" })).toBeNull();
});

it("has no proof in a search that found nothing", async () => {
  summary = { executions: 7, reactions: 3, simulated: false };
  searches = [{ id: "o2", prompt: "triage", status: "completed", outcome: "no_improvement" }];
  show();
  await screen.findByText(/found nothing better/);
  expect(screen.getAllByLabelText("Done")).toHaveLength(3);
  expect(asked.filter((one) => one.includes("/v1/analytics/summary")).some((one) => one.includes("prompt=triage"))).toBe(true);
});

it("says that it could not be read how far one is, and tries again", async () => {
  summary = null;
  show();
  await screen.findByText(/could not be read/);
  expect(screen.getAllByRole("list")[0]?.getAttribute("aria-busy")).toBeNull();
  summary = { ...SUMMARY, executions: 3 };
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText(/^3 runs of it/);
  expect(screen.queryByText(/could not be read/)).toBeNull();
});

it("leaves what is empty to its default, and refuses where there is none", async () => {
  messages = [{ role: "user", content: '{{name}}, {{tone: string = "friendly"}}, {{count: number = 3}}' }];
  answers = [ANSWER];
  show();
  fireEvent.click(await screen.findByRole("button", { name: "Run" }));
  await screen.findByText("Give a value to name.");
  expect(sent).toEqual([]);
  fireEvent.change(screen.getByLabelText("name"), { target: { value: "Ada" } });
  fireEvent.change(screen.getByLabelText("count"), { target: { value: "4" } });
  fireEvent.click(screen.getByRole("button", { name: "Run" }));
  await screen.findByText("Billing");
  expect(sent.map((one) => one.body["variables"])).toEqual([{ name: "Ada", count: 4 }]);
});

it("gives the demo's ticket to the demo's variable alone", async () => {
  messages = [{ role: "user", content: "{{city}} {{ticket}}" }];
  show();
  await screen.findByDisplayValue(/charged twice/);
  expect((screen.getByLabelText("city") as HTMLTextAreaElement).value).toBe("");
  expect((screen.getByLabelText("ticket") as HTMLTextAreaElement).value).toMatch(/charged twice/);
});

it("says before the first run that there is no credit for it", async () => {
  availableNusd = 0;
  show();
  await screen.findByText("There is no credit here.");
  cleanup();
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  lentNusd = 1;
  show();
  await screen.findByText("Its first run");
  expect(screen.queryByText("There is no credit here.")).toBeNull();
});
