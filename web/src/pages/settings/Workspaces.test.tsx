import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { SessionProvider, useSessionState } from "@/api/session";
import { Workspaces } from "./Workspaces";
import { preloadFloats } from "@/kit/floats";

const navigate = vi.fn<(to: unknown) => void>();
vi.mock("@tanstack/react-router", () => ({ useNavigate: () => navigate, Link: "a" }));

const workspace = (id: string, name: string) => ({ id, name, role: "admin", organization_name: "Org", is_home: id === "w1" });
const MADE = { ...workspace("w2", "Second"), api_key: "bk_secret" };

let known: ReturnType<typeof workspace>[];
let readings: number;
let queries: QueryClient;

beforeAll(preloadFloats);
beforeEach(() => {
  navigate.mockClear();
  known = [workspace("w0", "First"), workspace("w1", "One")];
  readings = 0;
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  localStorage.setItem("burnish.workspace", "w1");
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    const { pathname } = new URL(request.url);
    const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
    if (pathname === "/v1/auth/session") {
      readings++;
      return json({ user: { id: "u1", name: "Ada", email: "ada@example.com", is_operator: false }, workspaces: known, csrf_token: "csrf", session_id: "s1" });
    }
    if (request.method === "POST") {
      known = [...known, MADE];
      return json(MADE);
    }
    return json({ data: known, next_cursor: null });
  });
});

afterEach(() => {
  cleanup();
  localStorage.clear();
  vi.restoreAllMocks();
});

function Inside() {
  const { session } = useSessionState();
  return session ? (
    <>
      <p>{`in ${session.workspace?.name ?? "none"}`}</p>
      <Workspaces />
    </>
  ) : null;
}

function show() {
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <Inside />
      </SessionProvider>
    </QueryClientProvider>,
  );
}

async function make() {
  show();
  await screen.findByText("in One");
  fireEvent.click(screen.getByRole("button", { name: "New workspace" }));
  fireEvent.change(screen.getByRole("textbox"), { target: { value: "Second" } });
  fireEvent.click(screen.getByRole("button", { name: "Make it" }));
  await screen.findByText("Second is there");
}

it("knows a workspace as soon as it is made, and leads into it, to its first steps", async () => {
  await make();
  await waitFor(() => expect(readings).toBe(2));
  fireEvent.click(screen.getByRole("button", { name: "I have it, go there" }));
  await screen.findByText("in Second");
  await waitFor(() => expect(navigate).toHaveBeenCalledWith({ to: "/start" }));
});

it("leads from the list into a workspace that the session does not know of yet, and not into the first one", async () => {
  show();
  await screen.findByText("in One");
  known = [...known, MADE]; // By another tab, or while the session could not be read.
  await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
  fireEvent.click(await screen.findByRole("button", { name: "Go to Second" }));
  await screen.findByText("in Second");
});
